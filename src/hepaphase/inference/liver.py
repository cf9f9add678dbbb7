"""The liver mask a reading works with: the user's own if there is one, else ours."""

import numpy as np
import numpy.typing as npt

from ..base.errors import StudyError
from ..bundle.bundle import Bundle
from ..organs.segment import segment_organs
from ..resample.grid import resample
from ..study.phase import Phase
from ..study.study import Study

SMALLEST_LIVER_ML = 50.0
"""Less than this is no liver, or too little of one to read (our choice)."""


def liver_mask(study: Study, reference: Phase, bundle: Bundle, *, device: str = "cpu") -> npt.NDArray[np.uint8]:
    """The liver on the grid of the reference phase, (z, y, x), one inside.

    Raises:
        StudyError: when no liver is found.
    """
    volume = study.phase(reference)
    if "liver" in study.masks:
        array, grid = study.masks["liver"]
        mask = resample((array > 0).astype(np.uint8), grid, volume.geometry, order=0, fill=0)
    else:
        mask = segment_organs(volume, bundle, device=device)["liver"]
    found_ml = float(np.count_nonzero(mask)) * volume.geometry.voxel_ml
    if found_ml < SMALLEST_LIVER_ML:
        raise StudyError(
            f"No liver was found in the {reference} phase of '{study.case}' ({found_ml:.0f} ml). "
            "Check that the scan shows the upper abdomen, or give a liver mask."
        )
    return mask.astype(np.uint8)
