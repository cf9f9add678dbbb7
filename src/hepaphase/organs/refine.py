"""The outline of an organ moved to the edge in the picture, where there is one near the edge that was predicted."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.geometry import Xyz
from ..study.study import HuArray

Bools = npt.NDArray[np.bool_]
Floats32 = npt.NDArray[np.float32]

_CERTAIN = 0.9
"""Voxels at least this likely, or unlikely, teach what the organ and its surroundings look like and are not moved."""
_SHELL_MM = 15.0
"""Surroundings are looked at up to this far from the organ."""
_SMOOTH_MM = 1.5
"""Standard deviation of the filter against noise, before and after."""
_BINS_HU = np.arange(-200.0, 401.0, 5.0)
_LARGEST_LOG_RATIO = 3.0
"""However telling the HU of a voxel is, it counts no more than this against its place."""
_FEWEST = 200
"""Voxels needed on either side to know what they look like."""


def refine(likely: Floats32, hu: HuArray, spacing_zyx_mm: Xyz) -> Bools:
    """The organ (z, y, x) from its probability and the picture, both on the same grid.

    Bayes' rule per voxel with the place, as the network sees it, for a prior: the likelihood ratio is that of the
    smoothed HU among voxels surely inside and surely outside, each a histogram of this very scan, so no phase or
    contrast is assumed. Where inside and outside look alike, the prior stands. The weights are our choice, made on
    painted images.
    """
    inside, outside = likely > _CERTAIN, _shell(likely, spacing_zyx_mm)
    if inside.sum() < _FEWEST or outside.sum() < _FEWEST:
        return np.asarray(likely > 0.5)
    sigma = [_SMOOTH_MM / s for s in spacing_zyx_mm]
    calm = ndimage.gaussian_filter(hu, sigma, truncate=2.5)
    place = np.digitize(np.clip(calm, _BINS_HU[0], _BINS_HU[-1]), _BINS_HU[1:-1])
    ratio = np.log(_histogram(place[inside]) / _histogram(place[outside]))
    evidence = np.clip(ratio, -_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO).astype(np.float32)[place]
    prior = np.log((likely + 1e-3) / (1 - likely + 1e-3))
    score = ndimage.gaussian_filter(prior + evidence, sigma, truncate=2.5)
    return np.asarray(np.where(np.abs(likely - 0.5) < _CERTAIN - 0.5, score > 0, likely > 0.5))


def _shell(likely: Floats32, spacing_zyx_mm: Xyz) -> Bools:
    """Voxels surely outside, near the organ."""
    step = [max(1, round(3 / s)) for s in spacing_zyx_mm]
    rough = likely[:: step[0], :: step[1], :: step[2]] > 0.5
    far_mm = ndimage.distance_transform_edt(~rough, sampling=[a * b for a, b in zip(step, spacing_zyx_mm, strict=True)])
    near = np.asarray(far_mm < _SHELL_MM)
    for axis, (num, size) in enumerate(zip(step, likely.shape, strict=True)):
        near = near.repeat(num, axis=axis).take(np.arange(size), axis=axis)
    return np.asarray(near & (likely < 1 - _CERTAIN))


def _histogram(place: npt.NDArray[np.int_]) -> npt.NDArray[np.float64]:
    """Smoothed shares per bin, none of them zero."""
    counts = np.bincount(place, minlength=len(_BINS_HU) - 1).astype(float)
    smooth = ndimage.gaussian_filter1d(counts / counts.sum(), 1.5)
    return np.asarray(smooth + 1e-3 / len(smooth))
