"""The liver mask a reading works with: the user's own if there is one, else ours."""

from dataclasses import dataclass

import numpy as np

from ..base.errors import StudyError
from ..bundle.bundle import Bundle
from ..organs.beside import near_other
from ..organs.checks import check_liver
from ..organs.segment import CoarseOrgans, body_mask, coarse_organs, liver_and_heart
from ..resample.crop import Box, paste
from ..resample.grid import resample
from ..study.phase import Phase
from ..study.study import MaskArray, PhaseVolume, Study

_AIR_HU = -200.0
"""A scan of an abdomen holds something darker, be it gas, lung or the air around."""
SMALLEST_LIVER_ML = 50.0
"""Less than this is no liver, or too little of one to read (our choice)."""
HEART = "heart_in_liver"
"""Mask of what was taken out of a liver mask that a study brings because it is heart; a study may have it."""
_HEART = (
    "{:.0f} ml beside the dome were taken out of the liver mask as heart: they lie on the heart's side of the dark "
    "sheet between both. Look at the outline there."
)


@dataclass(frozen=True, slots=True)
class Liver:
    """A liver mask and what is odd about it."""

    mask: MaskArray
    """(z, y, x), one inside, on the grid of the reference phase."""
    beside: MaskArray
    """(z, y, x), one where fat from outside or heart is near."""
    heart: MaskArray | None
    """(z, y, x), what was taken out of the mask because it is heart; None where the mask was given without."""
    warnings: tuple[str, ...]
    organs: CoarseOrgans | None = None
    """What the organ model said of the reference phase in the one pass made; None where it was not asked."""


def find_liver(
    study: Study, reference: Phase, bundle: Bundle, *, device: str = "cpu", with_organs: bool = False
) -> Liver:
    """The liver on the grid of the reference phase, checked for volume, pieces and side.

    Args:
        study: with a mask ``liver`` or without.
        reference: scanned phase in which to look.
        bundle: the organ model; not asked where the study brings its liver, unless ``with_organs``.
        device: where the network runs.
        with_organs: whether other organs are wanted too; a bundle without weights knows none.

    Raises:
        StudyError: when no liver is found.
    """
    heart, volume = None, study.phase(reference)
    asked = "liver" not in study.masks or (with_organs and bool(bundle.weights))
    coarse = coarse_organs(volume, bundle, device=device) if asked else None
    if "liver" in study.masks:
        array, grid = study.masks["liver"]
        mask = resample((array > 0).astype(np.uint8), grid, volume.geometry, order=0, fill=0)
        if HEART in study.masks:
            heart = resample(*study.masks[HEART], volume.geometry, order=0, fill=0)
    else:
        assert coarse is not None
        mask, heart = liver_and_heart(coarse, volume)
    found_ml = float(np.count_nonzero(mask)) * volume.geometry.voxel_ml
    if found_ml < SMALLEST_LIVER_ML:
        raise StudyError(_missing(study, reference, found_ml))
    mask = mask.astype(np.uint8)
    warnings = _check(mask, volume, coarse if "liver" not in study.masks else None)
    if heart is not None and heart.any() and "liver" not in study.masks:
        warnings.append(_HEART.format(float(np.count_nonzero(heart)) * volume.geometry.voxel_ml))
    around = near_other(mask, volume.hu, volume.geometry.spacing_zyx_mm, heart=heart)
    return Liver(mask, around, heart, tuple(warnings), coarse)


def _check(mask: MaskArray, volume: PhaseVolume, coarse: CoarseOrgans | None) -> list[str]:
    """What is odd about the liver; in a body as wide as the whole scan, since its middle is looked for."""
    if coarse is None or volume.cut is None:
        return check_liver(mask, None if coarse is None else body_mask(coarse, volume.geometry), volume.geometry)
    (z, y, x), (depth, height, width) = volume.cut.start_zyx, mask.shape
    slab = volume.whole.crop((z, 0, 0), (z + depth, *volume.whole.shape_zyx[1:]))
    wide = paste(mask, Box((0, y, x), (depth, y + height, x + width)), shape_zyx=slab.shape_zyx)
    return check_liver(wide, body_mask(coarse, slab), slab)


def _missing(study: Study, reference: Phase, found_ml: float) -> str:
    if "liver" in study.masks:
        return (
            f"The liver mask of '{study.case}' covers {found_ml:.0f} ml of its {reference} phase. "
            "Check that it lies where the scan lies, or leave it out."
        )
    darkest_hu = float(study.phase(reference).hu.min())
    hint = "" if darkest_hu < _AIR_HU else f"Its darkest voxel is {darkest_hu:.0f}: check that it is in HU. "
    return (
        f"No liver was found in the {reference} phase of '{study.case}' ({found_ml:.0f} ml). {hint}"
        "Check that the scan shows the upper abdomen, or give a liver mask."
    )
