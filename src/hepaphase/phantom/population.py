"""Who comes: which lesions, what else is known."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtri

from ..base.errors import ConfigError
from ..base.seeds import stream
from ..study.lesions import LESION_CLASSES, LesionClass, Markers

INCIDENTAL = {"cyst": 0.058, "hemangioma": 0.033, "calcification": 0.03}
"""Probability that any patient has these besides (physics notes, B; calcification is our choice)."""


SEVERITY_TIE = {"hbv": 0.6, "afp": 0.4}
"""Correlation of a finding with the severity of liver disease (our choice)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """A mix of patients.

    Raises:
        ConfigError: when the share of lesion-free patients is no share.
    """

    name: str
    lesion_free: float

    def __post_init__(self) -> None:
        if not 0 <= self.lesion_free <= 1:
            raise ConfigError(f"lesion_free must lie between 0 and 1, got {self.lesion_free}.")


REFERRAL = Population(name="referral", lesion_free=0.30)
"""Patients sent to a liver clinic: classes by the table's prevalence, three in ten lesion-free."""


@dataclass(frozen=True, slots=True)
class Person:
    """One patient: what is known, and which classes of lesion there are."""

    sex: str
    age_years: float
    cirrhosis: bool
    classes: tuple[str, ...]
    clinical: Mapping[str, Any] = field(default_factory=dict)


def draw_person(seed: int, population: Population) -> Person:
    """One patient of a population."""
    rng = stream(seed, "person", population.name)
    main = _main_class(rng, population)
    classes = [] if main is None else [main.key]
    classes += [k for k, p in INCIDENTAL.items() if k in LESION_CLASSES and k not in classes and rng.random() < p]
    sex = "M" if rng.random() < (main.male if main else 0.5) else "F"
    mean, sd = main.age_years if main else (54.0, 14.0)
    age = float(np.clip(rng.normal(mean, sd), 20, 90))
    cirrhosis = bool(rng.random() < (main.cirrhosis if main else 0.08))
    clinical: dict[str, Any] = {"sex": sex, "age": round(age), "cirrhosis": cirrhosis}
    clinical |= _markers(seed, main.markers if main else Markers(), cirrhosis, main.cirrhosis if main else 0.08)
    return Person(sex=sex, age_years=age, cirrhosis=cirrhosis, classes=tuple(classes), clinical=clinical)


def _markers(seed: int, shares: Markers, cirrhosis: bool, cirrhosis_share: float) -> dict[str, bool]:
    """Findings beside the scan; those of liver disease go together with cirrhosis through one latent severity.

    Severity is standard normal, above the threshold of cirrhosis exactly when the patient has it, so each finding keeps
    its share and is more common where the liver is diseased.
    """
    rng = stream(seed, "markers")
    below = float(np.clip(1 - cirrhosis_share, 1e-6, 1 - 1e-6))
    rank = rng.uniform(below, 1) if cirrhosis else rng.uniform(0, below)
    severity = float(ndtri(rank))
    found = {}
    for name, share in asdict(shares).items():
        tie = SEVERITY_TIE.get(name, 0.0)
        level = tie * severity + np.sqrt(1 - tie**2) * rng.standard_normal()
        found[name] = bool(level > ndtri(1 - share))
    return found


def _main_class(rng: np.random.Generator, population: Population) -> LesionClass | None:
    if rng.random() < population.lesion_free:
        return None
    rows = list(LESION_CLASSES.values())
    shares = np.array([row.prevalence for row in rows])
    return rows[int(rng.choice(len(rows), p=shares / shares.sum()))]


def choose_seeds(seeds: range, num: int, *, at_least: int, population: Population = REFERRAL) -> list[int]:
    """The first ``num`` seeds of a range that leave room for ``at_least`` patients of every class.

    Walks the range once: a patient is taken while the places left exceed what the classes still lack, and after that
    only if one of the lacking classes is among theirs.

    Raises:
        ConfigError: when the range ends before that.
    """
    lacking = dict.fromkeys(LESION_CLASSES, at_least)
    chosen: list[int] = []
    for seed in seeds:
        if len(chosen) == num:
            break
        classes = draw_person(seed, population).classes
        helps = any(lacking[key] > 0 for key in classes)
        if helps or num - len(chosen) > sum(lacking.values()):
            chosen.append(seed)
            for key in classes:
                lacking[key] = max(0, lacking[key] - 1)
    if len(chosen) < num or any(lacking.values()):
        raise ConfigError(f"{seeds} is too short for {num} patients with {at_least} of each class.")
    return chosen
