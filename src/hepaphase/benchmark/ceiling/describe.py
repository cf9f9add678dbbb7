"""A region in numbers: its HU in each phase and its size, the same for a lesion, a candidate and a painted draw."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ...study.phase import Phase

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

VALUES = ("mean", "sd", "p10", "p90", "core", "rim", "ring")
"""Of a region in one phase: mean, spread, low and high; means of its core, of its edge, of the liver next to it."""
SHAPE = ("log_ml", "long_axis_mm", "fill")
"""Volume, longest side of the box around it, share of that box it fills."""
NUM_PHASES = len(Phase)


def describe(hu: npt.NDArray[np.floating], region: Mask, around: Mask) -> Floats:
    """HU of a region, (phases, values), NaN in phases that are NaN.

    Args:
        hu: (phases, z, y, x).
        region: (z, y, x), not empty.
        around: where the liver outside every lesion is; the voxels of it next to the region are its ring.
    """
    inside = hu[:, region].astype(np.float64)
    eroded = ndimage.binary_erosion(region)
    core = eroded[region] if eroded.any() else np.ones(inside.shape[1], bool)
    rim = ~eroded[region]
    ring = ndimage.binary_dilation(region, iterations=2) & ~region & around
    next_to = hu[:, ring].mean(axis=1) if ring.any() else np.full(len(hu), np.nan)
    low, high = np.quantile(inside, [0.1, 0.9], axis=1)
    columns = [
        inside.mean(axis=1),
        inside.std(axis=1),
        low,
        high,
        inside[:, core].mean(axis=1),
        inside[:, rim].mean(axis=1),
        next_to,
    ]
    return np.stack(columns, axis=1)


def shape_of(region: Mask, voxel_mm: float) -> Floats:
    """Size of a region, (shape,); voxels are ``voxel_mm`` across."""
    num = int(region.sum())
    sides = [np.ptp(axis) + 1 for axis in np.nonzero(region)]
    return np.array([np.log(num * voxel_mm**3 / 1000), max(sides) * voxel_mm, num / np.prod(sides)])


def grown(box: tuple[slice, ...], shape: tuple[int, ...], by: int = 3) -> tuple[slice, ...]:
    """A box with ``by`` more voxels on every side, as far as the volume goes."""
    return tuple(slice(max(0, s.start - by), min(n, s.stop + by)) for s, n in zip(box, shape, strict=True))
