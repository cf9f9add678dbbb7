"""Who comes: which lesions, what else is known."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from ..base.errors import ConfigError
from ..base.names import check_name
from ..base.seeds import stream
from ..study.lesions import LESION_CLASSES, LesionClass, Markers
from ..study.phase import Phase
from .detail import FULL_DETAIL, PLAIN_DETAIL, Detail
from .domain import FIRST, PLAIN, SECOND, Domain
from .kinds import draw_kind

INCIDENTAL = {"cyst": 0.058, "hemangioma": 0.033, "calcification": 0.03}
"""Probability that any patient has these besides (physics notes, B; calcification is our choice)."""


CIRRHOSIS_SHARE = 0.08
"""In patients who come with no finding (our choice)."""

SEVERITY_TIE = {"hbv": 0.6, "afp": 0.4}
"""Correlation of a finding with the severity of liver disease (our choice)."""


CEA_BY_ORIGIN = {True: 0.70, False: 0.427}
"""Share above 5 ng/ml with metastases that are colorectal or not: 70 % (physics notes, B), and what leaves 55 % of
all."""
AFP_400 = 0.35
"""Of those with alpha-fetoprotein above 20 ng/ml, the share above 400 (physics notes, B, of carcinomas of liver cells;
our choice for everybody)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """A mix of patients.

    Raises:
        ConfigError: when the share of lesion-free patients is no share.
    """

    name: str
    lesion_free: float
    shares: tuple[tuple[str, float], ...] = ()
    """How often each class is the finding a patient comes with; nothing takes the table's prevalence."""
    phases: tuple[Phase, ...] = tuple(Phase)
    """Which are scanned."""
    domain: Domain = PLAIN
    """How they are scanned."""
    detail: Detail = PLAIN_DETAIL
    """How closely their bodies are simulated."""

    def __post_init__(self) -> None:
        if not 0 <= self.lesion_free <= 1:
            raise ConfigError(f"lesion_free must lie between 0 and 1, got {self.lesion_free}.")
        for key, share in self.shares:
            check_name(key, LESION_CLASSES, kind="lesion class")
            if share < 0:
                raise ConfigError(f"The share of {key} must not be negative, got {share}.")
        if not self.phases:
            raise ConfigError(f"Population '{self.name}' scans no phase. Name at least one of {', '.join(Phase)}.")

    def finding_shares(self) -> dict[str, float]:
        """Class of the main finding to its share among patients who have one; adds up to 1."""
        shares = dict(self.shares) or {key: row.prevalence for key, row in LESION_CLASSES.items()}
        total = sum(shares.values())
        return {key: shares.get(key, 0.0) / total for key in LESION_CLASSES}


REFERRAL = Population(name="referral", lesion_free=0.30)
"""Patients sent to a liver clinic: classes by the table's prevalence, three in ten lesion-free."""

SIM_REFERRAL = Population(name="sim-referral", lesion_free=0.30, domain=FIRST, detail=FULL_DETAIL)
"""The same mix in the reference cohorts; other patients than those of the shipped models."""

EXTERNAL = Population(
    name="external",
    lesion_free=0.40,
    shares=(
        ("hcc", 0.13),
        ("icc", 0.06),
        ("metastasis", 0.34),
        ("hemangioma", 0.19),
        ("fnh", 0.05),
        ("cyst", 0.15),
        ("calcification", 0.03),
        ("other", 0.05),
    ),
    domain=SECOND,
    detail=FULL_DETAIL,
)
"""A hospital of oncology far from hepatitis B: metastases lead, carcinomas of the liver are fewer (our choice)."""

SCREENING = Population(
    name="screening",
    lesion_free=0.97,
    shares=(("hcc", 6.0), ("icc", 2.0), ("metastasis", 12.0), ("fnh", 2.0), ("other", 8.0)),
    phases=(Phase.NC,),
    domain=FIRST,
    detail=FULL_DETAIL,
)
"""Adults who had a non-contrast CT for another reason: one in fifty malignant (our choice), fnh by the ultrasound
series of the physics notes; cysts, hemangiomas and calcifications come by chance, as in everybody."""

POPULATIONS = {one.name: one for one in (REFERRAL, SIM_REFERRAL, EXTERNAL, SCREENING)}


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
    cirrhosis = bool(rng.random() < (main.cirrhosis if main else CIRRHOSIS_SHARE))
    clinical: dict[str, Any] = {"sex": sex, "age": round(age), "cirrhosis": cirrhosis}
    shares = main.markers if main else Markers()
    if population.detail.signs and "metastasis" in classes:
        colorectal = draw_kind(seed, "metastasis", cirrhosis=cirrhosis).name == "colorectal"
        shares = replace(shares, cea=CEA_BY_ORIGIN[colorectal])
    share = main.cirrhosis if main else CIRRHOSIS_SHARE
    clinical |= _markers(seed, shares, cirrhosis, share, graded=population.detail.signs)
    return Person(sex=sex, age_years=age, cirrhosis=cirrhosis, classes=tuple(classes), clinical=clinical)


def _markers(seed: int, shares: Markers, cirrhosis: bool, cirrhosis_share: float, *, graded: bool) -> dict[str, bool]:
    """Findings beside the scan; those of liver disease go together with cirrhosis through one latent severity.

    Severity is standard normal, above the threshold of cirrhosis exactly when the patient has it, so each finding keeps
    its share and is more common where the liver is diseased. ``graded`` tells alpha-fetoprotein above 400 ng/ml, too.
    """
    rng = stream(seed, "markers")
    severity = float(ndtri(_draw_rank(rng, cirrhosis, cirrhosis_share)))
    found = {}
    for name, share in asdict(shares).items():
        tie = SEVERITY_TIE.get(name, 0.0)
        level = tie * severity + np.sqrt(1 - tie**2) * rng.standard_normal()
        found[name] = bool(level > ndtri(1 - share))
        if graded and name == "afp":
            found["afp_400"] = bool(level > ndtri(1 - AFP_400 * share))
    return found


def _draw_rank(rng: np.random.Generator, cirrhosis: bool, cirrhosis_share: float) -> float:
    """Rank of a patient's severity of liver disease among those with the same finding."""
    below = _threshold(cirrhosis_share)
    return rng.uniform(below, 1) if cirrhosis else rng.uniform(0, below)


def _threshold(cirrhosis_share: float) -> float:
    return float(np.clip(1 - cirrhosis_share, 1e-6, 1 - 1e-6))


def draw_stage(seed: int, population: Population, *, cirrhosis: bool) -> float | None:
    """How far cirrhosis has come, 0 to 1: the rank of that very severity among patients who have it; None without."""
    if not cirrhosis:
        return None
    main = _main_class(stream(seed, "person", population.name), population)
    share = main.cirrhosis if main else CIRRHOSIS_SHARE
    below = _threshold(share)
    return (_draw_rank(stream(seed, "markers"), cirrhosis, share) - below) / (1 - below)


def _main_class(rng: np.random.Generator, population: Population) -> LesionClass | None:
    if rng.random() < population.lesion_free:
        return None
    rows = list(LESION_CLASSES.values())
    shares = np.array(list(population.finding_shares().values()))
    return rows[int(rng.choice(len(rows), p=shares / shares.sum()))]
