"""The liver mask a reading works with: the user's own if there is one, else ours."""

from dataclasses import dataclass

import numpy as np

from ..base.errors import StudyError
from ..bundle.bundle import Bundle
from ..organs.checks import check_liver
from ..organs.segment import CoarseOrgans, coarse_organs, organ_mask
from ..resample.grid import resample
from ..study.phase import Phase
from ..study.study import MaskArray, Study

_AIR_HU = -200.0
"""A scan of an abdomen holds something darker, be it gas, lung or the air around."""
SMALLEST_LIVER_ML = 50.0
"""Less than this is no liver, or too little of one to read (our choice)."""


@dataclass(frozen=True, slots=True)
class Liver:
    """A liver mask and what is odd about it."""

    mask: MaskArray
    """(z, y, x), one inside, on the grid of the reference phase."""
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
    body, volume = None, study.phase(reference)
    asked = "liver" not in study.masks or (with_organs and bool(bundle.weights))
    coarse = coarse_organs(volume, bundle, device=device) if asked else None
    if "liver" in study.masks:
        array, grid = study.masks["liver"]
        mask = resample((array > 0).astype(np.uint8), grid, volume.geometry, order=0, fill=0)
    else:
        assert coarse is not None
        mask, body = (organ_mask(coarse, name, volume) for name in ("liver", "body"))
    found_ml = float(np.count_nonzero(mask)) * volume.geometry.voxel_ml
    if found_ml < SMALLEST_LIVER_ML:
        raise StudyError(_missing(study, reference, found_ml))
    mask = mask.astype(np.uint8)
    return Liver(mask, tuple(check_liver(mask, body, volume.geometry)), coarse)


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
