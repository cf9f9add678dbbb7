"""Cohorts with frozen names: a figure names the cohort it was measured on, and the name remakes it."""

from dataclasses import dataclass

from ..base.errors import ConfigError
from ..base.names import check_name
from .choose import choose_seeds, sampling_weights
from .population import EXTERNAL, REFERRAL, SCREENING, SIM_REFERRAL, Population
from .seeds import seed_range


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCohort:
    """Which patients a cohort has; never changed once a figure was published on it."""

    use: str
    """Name of the seed range."""
    num_cases: int | None
    """None for a stream: as many as whoever asks states."""
    at_least: int = 0
    """Patients of every class of lesion; 0 takes them as they come."""
    more: tuple[tuple[str, int], ...] = ()
    """Classes of which more are asked, because their lesions are often too small to count (113 mm^3)."""
    population: Population = REFERRAL

    def seeds(self, num_cases: int | None = None) -> list[int]:
        """One seed per patient; of a stream the first ``num_cases``.

        Raises:
            ConfigError: when a stream is asked for no number, a cohort of fixed size for another, or a stream for
                more than its range holds.
        """
        num = self._count(num_cases)
        seeds = seed_range(self.use)
        if not self.at_least:
            return list(seeds[:num])
        return choose_seeds(seeds, num, at_least=self.at_least, population=self.population, more=dict(self.more))

    def weights(self) -> dict[int, float]:
        """Seed to sampling weight: undoes the topping-up; 1 for everybody where nothing was topped up."""
        if not self.at_least or self.num_cases is None:
            return dict.fromkeys(self.seeds() if self.num_cases else (), 1.0)
        return sampling_weights(
            seed_range(self.use),
            self.num_cases,
            at_least=self.at_least,
            population=self.population,
            more=dict(self.more),
        )

    def _count(self, num_cases: int | None) -> int:
        if self.num_cases is None:
            limit = len(seed_range(self.use))
            if num_cases is None or num_cases > limit:
                raise ConfigError(f"This cohort is a stream of up to {limit} patients. Say how many (--cases).")
            return num_cases
        if num_cases not in (None, self.num_cases):
            raise ConfigError(f"This cohort has {self.num_cases} patients, not {num_cases}. Leave the number out.")
        return self.num_cases


COHORTS = {
    "main-train": NamedCohort(use="train", num_cases=1001),
    "main-validation": NamedCohort(use="validation", num_cases=100),
    "main-test": NamedCohort(use="test", num_cases=400, at_least=36),
    "main-test-2": NamedCohort(use="test", num_cases=400, at_least=39, more=(("calcification", 84),)),
    "sim-small": NamedCohort(use="ci", num_cases=24, at_least=2, population=SIM_REFERRAL),
    "sim-1k-train": NamedCohort(use="train", num_cases=None, population=SIM_REFERRAL),
    "sim-1k-validation": NamedCohort(use="validation", num_cases=200, at_least=12, population=SIM_REFERRAL),
    "sim-1k-calibration": NamedCohort(use="calibration", num_cases=200, at_least=12, population=SIM_REFERRAL),
    "sim-1k-test": NamedCohort(
        use="test", num_cases=1000, at_least=66, more=(("calcification", 150),), population=SIM_REFERRAL
    ),
    "sim-ext": NamedCohort(use="ext", num_cases=1000, at_least=40, population=EXTERNAL),
    "sim-screen": NamedCohort(use="screen", num_cases=2000, population=SCREENING),
}
"""``main-*``: the patients of the shipped models and of their figures. ``sim-*``: the reference cohorts."""

GROUPS = {"sim-1k": {"validation": "sim-1k-validation", "test": "sim-1k-test"}}
"""Cohorts written as folders of one: folder to cohort. Its training patients are the stream ``sim-1k-train``."""


def named_cohort(name: str) -> NamedCohort:
    """The cohort called ``name``.

    Raises:
        UnknownNameError: with the closest known name.
        ConfigError: for the name of a group.
    """
    check_name(name, [*COHORTS, *GROUPS], kind="cohort")
    if name in GROUPS:
        raise ConfigError(f"'{name}' is made of {', '.join(GROUPS[name].values())}. Name one of them.")
    return COHORTS[name]


def cohort_parts(name: str) -> dict[str, str]:
    """Folder below the cohort's own to the name of the cohort in it; the folder is empty for a cohort of one part.

    Raises:
        UnknownNameError: with the closest known name.
    """
    check_name(name, [*COHORTS, *GROUPS], kind="cohort")
    return GROUPS.get(name, {"": name})
