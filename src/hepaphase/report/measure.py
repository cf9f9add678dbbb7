"""What can be measured on a lesion: volume, place, axes, and HU per phase; numpy only."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import StudyError
from ..study.findings import Finding, Findings, Measured, PatientScores
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import AlignedStudy
from .axial import Axial
from .diameters import Diameters, diameters

Array = npt.NDArray[Any]
Box = tuple[slice, slice, slice]

MIN_CORE_VOXELS = 20
"""A lesion's HU is taken without its outer voxels when at least this many remain (our choice: a standard error of
3 HU at a noise of 14)."""

_BALL = ndimage.generate_binary_structure(3, 1)
_DISC = _BALL * np.array([0, 1, 0], dtype=bool)[:, None, None]


def measure_findings(
    study: AlignedStudy, lesion_probabilities: Sequence[Mapping[str, float]], patient: PatientScores
) -> Findings:
    """Measure every lesion of ``study.masks["lesions"]`` and the liver around them.

    Args:
        study: All phases on one grid, with the masks ``liver`` and ``lesions`` (ids 1 to K; (z, y, x)).
        lesion_probabilities: Lesion class to probability; entry k belongs to id k + 1.
        patient: Scores of the patient as a whole.

    Raises:
        StudyError: when a mask is missing, or ids and probabilities do not match.
    """
    liver, lesions = _mask(study, "liver"), _mask(study, "lesions")
    boxes: list[Any] = ndimage.find_objects(lesions)
    found = [k for k, box in enumerate(boxes, start=1) if box is not None]
    if found != list(range(1, len(lesion_probabilities) + 1)):
        raise StudyError(
            f"Study '{study.case}' has lesion ids {found}, but {len(lesion_probabilities)} lists of probabilities. "
            "Number the lesions 1 to K in the order of their probabilities."
        )
    axial = Axial.of(study.geometry)
    rows = tuple(
        measure_lesion(study, axial, lesion_id=k, box=boxes[k - 1], probabilities=lesion_probabilities[k - 1])
        for k in found
    )
    return Findings(
        patient=patient,
        lesions=rows,
        liver_hu=measure_liver(study, liver, lesions),
        liver_ml=float(np.count_nonzero(liver)) * study.geometry.voxel_ml,
    )


def measure_lesion(
    study: AlignedStudy, axial: Axial, *, lesion_id: int, box: Box, probabilities: Mapping[str, float]
) -> Finding:
    """One lesion; ``box`` is the part of the (z, y, x) arrays that holds it."""
    mask = study.masks["lesions"][box] == lesion_id
    index = np.argwhere(mask).mean(axis=0) + [part.start for part in box]
    x, y, z = study.geometry.to_lps_mm(index).tolist()
    axes = lesion_axes(mask, study.geometry, axial)
    core = lesion_core(mask)
    return Finding(
        lesion_id=lesion_id,
        centroid_lps_mm=(x, y, z),
        volume_ml=float(np.count_nonzero(mask)) * study.geometry.voxel_ml,
        long_axis_mm=axes.long_mm,
        short_axis_mm=axes.short_mm,
        probabilities=dict(probabilities),
        hu={phase: _measured(study.hu[phase][box][core]) for phase in Phase if phase in study.hu},
    )


def lesion_axes(mask: Array, geometry: Geometry, axial: Axial) -> Diameters:
    """Axes of a mask, shape (z, y, x) in the stored order (any part of the grid), over its axial slices."""
    _, sy, sx = axial.geometry.spacing_zyx_mm
    return diameters(axial.turn(mask), spacing_yx_mm=(sy, sx))


def lesion_core(mask: Array) -> npt.NDArray[np.bool_]:
    """``mask`` without its outer voxels, which hold part of the liver.

    They are taken off in all directions if enough remains, else within the slice only (slices are often as thick as a
    small lesion), else not at all.
    """
    padded = np.pad(mask, 1)
    for footprint in (_BALL, _DISC):
        core = ndimage.binary_erosion(padded, footprint)[1:-1, 1:-1, 1:-1]
        if np.count_nonzero(core) >= MIN_CORE_VOXELS:
            return np.asarray(core)
    return mask.astype(bool)


def measure_liver(study: AlignedStudy, liver: Array, lesions: Array) -> dict[Phase, Measured]:
    """HU of the liver per phase, one voxel away from its surface and from any lesion; empty if no voxel is."""
    boxes = ndimage.find_objects((liver > 0).astype(np.uint8))
    if not boxes:
        return {}
    box = boxes[0]
    healthy = ndimage.binary_erosion(np.pad((liver[box] > 0) & (lesions[box] == 0), 1), _BALL)[1:-1, 1:-1, 1:-1]
    if not healthy.any():
        return {}
    return {phase: _measured(study.hu[phase][box][healthy]) for phase in Phase if phase in study.hu}


def _mask(study: AlignedStudy, name: str) -> Array:
    if name not in study.masks:
        raise StudyError(
            f"Study '{study.case}' has no {name} mask (has: {', '.join(study.masks) or 'none'}). Segment it first."
        )
    return study.masks[name]


def _measured(hu: npt.NDArray[np.float32]) -> Measured:
    return Measured(mean_hu=float(hu.mean(dtype=np.float64)), sd_hu=float(hu.std(dtype=np.float64)))
