"""A phase generated on the coarse grid of the model, put back on the sharp grid of the reference phase."""

import numpy as np

from ..resample.grid import resample
from ..study.geometry import Geometry
from ..study.study import HuArray


def apply_generated(
    reference_hu: HuArray,
    reference_geometry: Geometry,
    low_reference_hu: HuArray,
    low_generated_hu: HuArray,
    low_geometry: Geometry,
) -> HuArray:
    """The generated phase on the reference grid: reference plus the upsampled difference in enhancement.

    What the model says is how much each place is brighter or darker than in the reference phase; that difference is
    smooth except at vessels and lesions, so it survives 4 mm. Edges, texture and everything finer than the coarse grid
    stay those of the reference.

    On noise: the coarse difference contains minus the reference's coarse noise, as far as the model removes noise, and
    nothing else that is random. So the result has the noise of the reference above the coarse grid's resolution, and
    less below it; its spectrum is not that of a scan at the generated time, and its noise is the reference's own
    (subtracting the two cancels it). Where the coarse grid does not reach, the difference is zero: the reference
    itself stands there.

    Args:
        reference_hu: the reference phase, (z, y, x).
        reference_geometry: its grid.
        low_reference_hu: the same phase as the model saw it.
        low_generated_hu: what the model made of it, on the same grid.
        low_geometry: the grid of the two.

    Returns:
        Float32 on ``reference_geometry``.

    Raises:
        GeometryError: when an array does not have the shape of its grid.
    """
    difference = (low_generated_hu - low_reference_hu).astype(np.float32)
    return np.asarray(reference_hu + resample(difference, low_geometry, reference_geometry, fill=0.0), dtype=np.float32)


def upsample_sd(sd_hu: HuArray, low_geometry: Geometry, high_geometry: Geometry) -> HuArray:
    """The predicted standard deviation on the sharp grid; its largest value where the coarse grid does not reach.

    Raises:
        GeometryError: when the array does not have the shape of its grid.
    """
    return np.asarray(resample(sd_hu, low_geometry, high_geometry, fill=float(sd_hu.max())), dtype=np.float32)
