"""The outline of an organ moved to the edge in the picture, where there is one near the edge that was predicted."""

from dataclasses import dataclass

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
_RANGE_HU = (-200.0, 400.0)
_BIN_HU = 5.0
_NUM_BINS = 120
_BLUR_HU = 7.5
"""Standard deviation by which histograms are smoothed."""
_LARGEST_LOG_RATIO = 3.0
"""However telling the HU of a voxel is, it counts no more than this against its place."""
_DOUBT = 1e-3
"""Added to probabilities, so that none is beyond doubt."""
_SURE_RIVAL = 0.7
_FEWEST = 200
"""Voxels needed on either side to know what they look like."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """The likeliest other named organ in each voxel, (z, y, x)."""

    likely: Floats32
    """Its probability."""
    which: npt.NDArray[np.uint8]
    """Its number."""


def refine(likely: Floats32, hu: HuArray, spacing_zyx_mm: Xyz, *, rivals: Rivals | None = None) -> Bools:
    """The organ (z, y, x) from its probability and the picture, both on the same grid.

    Bayes' rule per voxel with the place, as the network sees it, for a prior. The likelihood of the smoothed HU inside,
    in the surroundings and in each rival organ is a histogram of this very scan among voxels that surely belong there,
    so no phase or contrast is assumed. Where they look alike the prior stands: a heart as bright as the liver stays
    heart. The weights are our choice.
    """
    outside = _shell(likely, spacing_zyx_mm)
    if min(np.count_nonzero(likely > _CERTAIN), np.count_nonzero(outside)) < _FEWEST:
        return np.asarray(likely > 0.5)
    sigma = [_SMOOTH_MM / s for s in spacing_zyx_mm]
    calm = ndimage.gaussian_filter(hu, sigma, truncate=2.5)
    place = _bin(calm)
    around = _histogram(place[outside])
    against = np.maximum(1 - likely, 0) * around[place]
    if rivals is not None:
        against += rivals.likely * (_rival_histograms(place, rivals, around)[rivals.which, place] - around[place])
    evidence = np.log(
        _histogram(place[likely > _CERTAIN])[place] * (1 - likely + _DOUBT) / (against + _DOUBT * around[place])
    )
    evidence = np.clip(evidence, -_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO)
    prior = np.log((likely + _DOUBT) / (1 - likely + _DOUBT))
    score = ndimage.gaussian_filter(prior + evidence, sigma, truncate=2.5)
    return np.asarray(np.where(np.abs(likely - 0.5) < _CERTAIN - 0.5, score > 0, likely > 0.5))


def _bin(hu: Floats32) -> npt.NDArray[np.uint8]:
    """Number of the histogram bin of each voxel."""
    low, high = _RANGE_HU
    return ((np.clip(hu, low, high - _BIN_HU) - low) / _BIN_HU).astype(np.uint8)


def _rival_histograms(place: npt.NDArray[np.uint8], rivals: Rivals, around: Floats32) -> Floats32:
    """One row per organ number; that of the surroundings where too little of an organ is sure."""
    rows = np.tile(around, (int(rivals.which.max()) + 1, 1))
    sure = rivals.likely > _SURE_RIVAL
    for number in np.unique(rivals.which[sure]):
        values = place[sure & (rivals.which == number)]
        if len(values) >= _FEWEST:
            rows[number] = _histogram(values)
    return rows


def _shell(likely: Floats32, spacing_zyx_mm: Xyz) -> Bools:
    """Voxels surely outside, near the organ."""
    step = [max(1, round(3 / s)) for s in spacing_zyx_mm]
    rough = likely[:: step[0], :: step[1], :: step[2]] > 0.5
    far_mm = ndimage.distance_transform_edt(~rough, sampling=[a * b for a, b in zip(step, spacing_zyx_mm, strict=True)])
    near = np.asarray(far_mm < _SHELL_MM)
    for axis, (num, size) in enumerate(zip(step, likely.shape, strict=True)):
        near = near.repeat(num, axis=axis).take(np.arange(size), axis=axis)
    return np.asarray(near & (likely < 1 - _CERTAIN))


def _histogram(place: npt.NDArray[np.uint8]) -> Floats32:
    """Smoothed shares per bin, none of them zero."""
    counts = np.bincount(place, minlength=_NUM_BINS).astype(float)
    smooth = ndimage.gaussian_filter1d(counts / counts.sum(), _BLUR_HU / _BIN_HU, mode="constant")
    return np.asarray(smooth + 1e-3 / len(smooth), np.float32)
