"""Cohorts with frozen names: a figure names the cohort it was measured on, and the name remakes it."""

from dataclasses import dataclass

from ..base.names import check_name
from .population import REFERRAL, Population, choose_seeds
from .seeds import seed_range


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCohort:
    """Which patients a cohort has; never changed once a figure was published on it."""

    use: str
    """Name of the seed range."""
    num_cases: int
    at_least: int = 0
    """Patients of every class of lesion; 0 takes them as they come."""
    population: Population = REFERRAL

    def seeds(self) -> list[int]:
        """One seed per patient."""
        seeds = seed_range(self.use)
        if not self.at_least:
            return list(seeds[: self.num_cases])
        return choose_seeds(seeds, self.num_cases, at_least=self.at_least, population=self.population)


COHORTS = {
    "main-train": NamedCohort(use="train", num_cases=1001),
    "main-validation": NamedCohort(use="validation", num_cases=100),
    "main-test": NamedCohort(use="test", num_cases=400, at_least=36),
}
"""The patients of the shipped models and of their figures."""


def named_cohort(name: str) -> NamedCohort:
    """The cohort called ``name``.

    Raises:
        UnknownNameError: with the closest known name.
    """
    return COHORTS[check_name(name, COHORTS, kind="cohort")]
