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
    lirads_withheld: tuple[str, ...] = ()
    """Why there is no LI-RADS category."""

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
