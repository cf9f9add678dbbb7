"""What the pipeline says about a study."""

from collections.abc import Mapping
from dataclasses import dataclass

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
class Findings:
    """Everything one reading says."""

    patient: PatientScores
    lesions: tuple[Finding, ...]
    liver_hu: Mapping[Phase, Measured]
    """Liver outside lesions, per phase."""
    liver_ml: float
