"""How far the liver of one phase lies from that of another: breathing, as a shift."""

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from ..resample.grid import resample
from ..study.geometry import Geometry, Xyz
from ..study.study import PhaseVolume

_GRID_MM = 3.0
_RANGE_HU = (-150.0, 250.0)
_REACH_MM = (24.0, 12.0, 8.0)
"""Largest shift looked for along z, y, x."""
_MARGIN_MM = 30.0


def find_shift(moving: PhaseVolume, fixed: PhaseVolume, liver: npt.NDArray[np.bool_], grid: Geometry) -> Xyz:
    """The shift (x, y, z) in mm, LPS, that takes a place in ``fixed`` to the same place in ``moving``.

    Edges are compared, since they stay where brightness does not: the correlation of gradient magnitudes around the
    liver, its peak refined by a parabola along each axis. Where the peak is no better than no shift, no shift.

    Args:
        moving: one phase.
        fixed: the reference phase.
        liver: mask (z, y, x) on ``grid``.
        grid: of the mask.
    """
    box = _box(liver, grid)
    edges = [_edges(resample(v.hu, v.geometry, box, order=1)) for v in (fixed, moving)]
    weight = ndimage.gaussian_filter(resample(liver.astype(np.float32), grid, box, order=1, fill=0.0), 3)
    weight = np.minimum(weight * 4, 1)
    first, second = ((e - np.average(e, weights=weight + 1e-6)) * weight for e in edges)
    score = np.asarray(fft.irfftn(fft.rfftn(first).conj() * fft.rfftn(second), s=first.shape))
    reach = [min(int(r / _GRID_MM), (n - 1) // 2 - 1) for r, n in zip(_REACH_MM, first.shape, strict=True)]
    score = np.roll(score, reach, axis=(0, 1, 2))[tuple(slice(0, 2 * r + 1) for r in reach)]
    peak = np.unravel_index(int(score.argmax()), score.shape)
    at = [_refine(np.moveaxis(score, a, 0), peak, a) - reach[a] for a in range(3)]
    z, y, x = (float(v) * _GRID_MM for v in at)
    return (x, y, z)


def _box(liver: npt.NDArray[np.bool_], grid: Geometry) -> Geometry:
    """3 mm cubes along LPS around the liver."""
    found = np.argwhere(liver[::2, ::2, ::2]) * 2
    corners = grid.to_lps_mm(found)
    low, high = corners.min(axis=0) - _MARGIN_MM, corners.max(axis=0) + _MARGIN_MM
    x, y, z = (int(n) + 1 for n in (high - low) / _GRID_MM)
    spacing = (_GRID_MM, _GRID_MM, _GRID_MM)
    return Geometry((z, y, x), spacing, (float(low[0]), float(low[1]), float(low[2])))


def _edges(hu: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    clipped = np.clip(hu, *_RANGE_HU)
    return np.asarray(np.minimum(ndimage.gaussian_gradient_magnitude(clipped, 1.0), 60), np.float32)


def _refine(score: npt.NDArray[np.float64], peak: tuple[np.intp, ...], axis: int) -> float:
    """The peak of a parabola through three values along the first axis of ``score``, ``axis`` of the whole."""
    rest = tuple(int(p) for a, p in enumerate(peak) if a != axis)
    line, at = score[:, rest[0], rest[1]], int(peak[axis])
    if not 0 < at < len(line) - 1:
        return float(at)
    left, middle, right = (float(v) for v in line[at - 1 : at + 2])
    bend = left - 2 * middle + right
    return at + (0.5 * (left - right) / bend if bend < 0 else 0.0)
