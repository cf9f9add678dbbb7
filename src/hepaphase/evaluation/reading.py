"""One row from what was read and what is true: used on folders and on arrays alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..base.errors import InputError
from ..study.lesions import LESION_CLASSES
from .lesions import SMALLEST_MM3, match_lesions
from .metrics.dice import dice
from .metrics.mae import mae
from .metrics.psnr import psnr
from .metrics.ssim import ssim
from .rows import PatientRow

Volume = npt.NDArray[np.floating]
Labels = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true of one patient, on one grid."""

    case: str
    liver: Labels
    lesions: Labels
    """(z, y, x) ids."""
    lesion_classes: Mapping[int, str]
    voxel_mm3: float
    hu: Mapping[str, Volume] = field(default_factory=dict)
    """Phase to the volume that a generated phase is compared with; noise-free where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was said about the patient, on the same grid."""

    lesions: Labels
    lesion_classes: Mapping[int, str]
    scores: Mapping[str, float]
    malignant: float
    liver: Labels | None = None
    """None when the liver was given."""
    lesion_scores: Mapping[int, float] = field(default_factory=dict)
    """Found lesion to the confidence that it is one, where the reading gives it."""
    lesion_probabilities: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    """Found lesion to class to probability, where the reading gives it."""
    generated_hu: Mapping[str, Volume] = field(default_factory=dict)


def compare(truth: Truth, answer: Answer) -> PatientRow:
    """The row of one patient: labels, scores, matched lesions, overlap and errors of generated phases.

    Dice of lesions pools all lesions of the patient. Errors in HU are over the voxels of the true liver without
    lesions, and over those of the true lesions.
    """
    match = match_lesions(answer.lesions, truth.lesions, voxel_mm3=truth.voxel_mm3)
    values = {"lesion_dice": dice(answer.lesions, truth.lesions)}
    if answer.liver is not None:
        values["liver_dice"] = dice((answer.liver > 0) | (answer.lesions > 0), (truth.liver > 0) | (truth.lesions > 0))
    for phase, hu in answer.generated_hu.items():
        if phase in truth.hu:
            values.update(generated_errors(phase, hu, truth))
    return PatientRow(
        case=truth.case,
        truth=patient_labels(truth),
        score={key: float(answer.scores[key]) for key in LESION_CLASSES},
        malignant_score=answer.malignant,
        num_true=match.num_true,
        num_found=match.num_found,
        num_matched=len(match.pairs),
        num_named_right=match.num_named_right(answer.lesion_classes, truth.lesion_classes),
        values=values,
    )


def patient_labels(truth: Truth) -> dict[str, bool]:
    """For each class whether the patient has a lesion of it of 113 mm^3 or more.

    Raises:
        InputError: when a lesion of the mask has no class.
    """
    ids, counts = np.unique(truth.lesions[truth.lesions > 0], return_counts=True)
    large = ids[counts * truth.voxel_mm3 >= SMALLEST_MM3]
    if unnamed := [int(i) for i in ids if int(i) not in truth.lesion_classes]:
        raise InputError(
            f"The mask of case '{truth.case}' has lesion {unnamed[0]}, its lesion table has not "
            f"({sorted(truth.lesion_classes)}). Add the row to study.json."
        )
    present = {truth.lesion_classes[int(i)] for i in large}
    return {key: key in present for key in LESION_CLASSES}


def generated_errors(phase: str, hu: Volume, truth: Truth) -> dict[str, float]:
    """MAE, PSNR and SSIM of one generated phase in liver and lesions."""
    wanted = truth.hu[phase]
    lesions = truth.lesions > 0
    liver = (truth.liver > 0) & ~lesions
    values = {}
    for name, where in (("liver", liver), ("lesion", lesions)):
        values[f"{phase}_{name}_mae"] = mae(hu[where], wanted[where])
        values[f"{phase}_{name}_psnr"] = psnr(hu[where], wanted[where])
        values[f"{phase}_{name}_ssim"] = ssim(hu, wanted, where)
    return values
