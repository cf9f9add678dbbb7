"""What the pipeline says about a study."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .geometry import Xyz
from .phase import Phase


@dataclass(frozen=True, slots=True)
class Measured:
    """A value in HU with its standard deviation over the voxels it was taken from."""

    mean_hu: float
    sd_hu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Where in the liver a lesion lies, by Couinaud."""

    number: int
    """1 to 8; 4 is not divided."""
    confidence: float
    """That this segment holds most of the lesion, from 0 to 1."""
    shares: Mapping[int, float]
    """Expected share of the lesion's volume in this segment and in those that hold a fifth or more, largest first."""
    border: str
    """What lies nearest to the middle of the lesion, in units of its error."""
    to_border_mm: float
    border_sd_mm: float
    """Standard deviation of where that border is, at the place of the lesion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiRads:
    """A LI-RADS category and what it rests on; by measures, not by a radiologist."""

    category: str
    """Such as ``LR-4``."""
    aphe: str
    """Arterial phase hyperenhancement: ``nonrim``, ``rim`` or ``absent``."""
    washout: bool
    capsule: bool | None
    """None where voxels are too large to show one; it counts as absent."""
    measured: Mapping[str, float]
    """HU or percent, as the names say."""
    not_assessed: tuple[str, ...]
    """What was not looked for, and counts as absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One sign of imaging, looked for in scanned phases."""

    name: str
    """Such as ``washout``."""
    state: str
    """``present``, ``absent`` or ``not assessable``."""
    phases: tuple[Phase, ...]
    """That it was looked for in."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """HU or percent that this rests on, as the names say."""
    why: str = ""
    """Why it is not assessable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that was applied to a lesion, or a doubt about it."""

    kind: str
    """``rule`` or ``doubt``."""
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the class of a lesion rests on."""

    read_from: tuple[Phase, ...]
    """Phases that its probabilities were computed from."""
    signs: tuple[Sign, ...]
    not_looked_for: tuple[str, ...]
    """Signs that a reader may miss here, since nothing looks for them."""
    without: Mapping[Phase, Mapping[str, float]]
    """Scanned phase to the class probabilities had it not been read, in the same outline; empty where only one was, or
    generated ones were read too."""
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetastasisOrigin:
    """Where a lesion comes from, were it a metastasis; one distribution for all metastases of a patient."""

    probabilities: Mapping[str, float]
    """Origin to probability; sums to one."""
    source: str
    """``reader``: its head saw the lesions. ``prior``: how common primaries are, nothing of it from the picture."""
    weighed: Mapping[str, Any] = field(default_factory=dict)
    """Facts on the patient that were weighed in."""
    right: Mapping[str, Any] = field(default_factory=dict)
    """How often the first named is the true one: ``cohort``, ``num_patients``, ``top_1`` and ``top_2``, each with
    ``value``, ``low`` and ``high``; empty where it was not measured."""

    def ranked(self) -> tuple[str, ...]:
        """Origins, the most probable first."""
        return tuple(sorted(self.probabilities, key=lambda name: -self.probabilities[name]))


@dataclass(frozen=True, slots=True)
class Finding:
    """One lesion."""

    lesion_id: int
    """Its value in ``lesions.nii.gz``."""
    centroid_lps_mm: Xyz
    volume_ml: float
    long_axis_mm: float
    """Longest distance within an axial slice of the mask (RECIST long axis)."""
    short_axis_mm: float
    """Longest extent at right angles to it in the same slice."""
    probabilities: Mapping[str, float]
    """Lesion class to probability; sums to one."""
    hu: Mapping[Phase, Measured]
    """Per phase, scanned and generated alike; look up provenance in the study."""
    image_probabilities: Mapping[str, float] | None = None
    """The probabilities from the images alone, where facts on the patient were weighed into ``probabilities``."""
    confidence: float | None = None
    """That it is a lesion at all, from 0 to 1, as the network says and not calibrated; None where it was not said."""
    prediction_set: tuple[str, ...] = ()
    """Classes of which the true one is one as often as ``Findings.set_basis`` says, the most probable first; from the
    images alone. Empty where no such set was calibrated for these phases."""
    features: Mapping[str, float | str] = field(default_factory=dict)
    """Signs of enhancement from scanned phases alone; those that cannot be computed are absent."""
    lirads: LiRads | None = None
    """None where it was not asked for, or may not be given."""
    lirads_withheld: tuple[str, ...] = ()
    """Why there is no LI-RADS category."""
    ood_score: float | None = None
    """Share of lesions found in simulated patients that are less unlike those learned from; None where not known."""
    segment: Segment | None = None
    """None where it was not asked for, or cannot be told."""
    segment_withheld: tuple[str, ...] = ()
    """Why there is no segment."""
    evidence: Evidence | None = None
    """None where it was not gathered."""
    origin: MetastasisOrigin | None = None
    """None where the lesion is hardly a metastasis, or it was not asked for."""

    @property
    def lesion_class(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=lambda key: self.probabilities[key])


@dataclass(frozen=True, slots=True)
class PatientScores:
    """Scores of the patient as a whole."""

    probabilities: Mapping[str, float]
    """Lesion class to the probability that the patient has at least one such lesion."""
    malignant: float
    """Probability that the patient has at least one malignant lesion."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One question of screening, answered at one operating point."""

    task: str
    """What is looked for: ``any lesion`` or ``malignant``."""
    specificity: float
    """What the threshold was chosen for."""
    threshold: float
    score: float
    basis: Mapping[str, Any] = field(default_factory=dict)
    """Numbers of the patients it was chosen on, and under ``test`` what it does on others."""

    @property
    def positive(self) -> bool:
        """Whether the score reaches the threshold."""
        return self.score >= self.threshold


@dataclass(frozen=True, slots=True)
class Screening:
    """Is there anything to look at, from the phases that were read."""

    validation: str
    """The patients that the thresholds were chosen on."""
    test: str
    """The patients that the figures are of."""
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike:
    """How unlike the HU of a scan's organs are to those of the patients a reader was made with."""

    score: float
    """Share of held out simulated patients who are less unlike, 0 to 1."""
    bound: float
    """From which score on a scan, or a lesion, counts as unlike."""
    held_out: str
    """Who these patients are."""
    num_patients: int
    num_lesions: int
    """Held out, for the scores of lesions."""
    oddest: str
    """The measure most standard deviations off, such as ``spleen_PVP``."""
    value: float
    usual: tuple[float, float]
    """Of it in those patients, 1 to 99 %."""

    @property
    def is_beyond(self) -> bool:
        """Whether the bound is reached."""
        return self.score >= self.bound


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything one reading says."""

    patient: PatientScores
    lesions: tuple[Finding, ...]
    liver_hu: Mapping[Phase, Measured]
    """Liver outside lesions, per phase."""
    liver_ml: float
    screening: Screening | None = None
    """None where no threshold was chosen for this reader and these phases; ``abstained`` then says so."""
    abstained: tuple[str, ...] = ()
    """Why no decision is given for the patient; empty where one is."""
    set_basis: Mapping[str, Any] = field(default_factory=dict)
    """Of the prediction sets: level wanted, lesions they were calibrated on, coverage measured on others."""
    unlike: Unlike | None = None
    """How unlike the scan is; None without a reference for this reader and these phases."""
