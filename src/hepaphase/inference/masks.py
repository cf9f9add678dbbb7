"""Lesion masks from the working grid to a finer one, smoothly and without losing a lesion."""

import numpy as np
import numpy.typing as npt

from ..resample.grid import resample
from ..study.geometry import Geometry


def lesions_on_grid(lesions: npt.NDArray[np.uint16], source: Geometry, target: Geometry) -> npt.NDArray[np.uint16]:
    """Lesion ids, (z, y, x) on ``source``, on ``target``.

    Each lesion is interpolated linearly and cut at one half, so that its surface is smooth and its volume is kept;
    where two claim a voxel the stronger claim wins. A lesion that would vanish, between two slices of a coarser grid,
    keeps the voxels that see most of it; one that lies beyond the grid is lost.
    """
    ids = np.unique(lesions[lesions > 0])
    best = np.full(target.shape_zyx, 0.5, np.float32)
    out = np.zeros(target.shape_zyx, np.uint16)
    for lesion_id in ids:
        share = resample((lesions == lesion_id).astype(np.float32), source, target, order=1, fill=0.0)
        wins = share >= best
        if not wins.any() and share.max() > 0:
            wins = (share >= 0.5 * share.max()) & (out == 0)
        out[wins] = lesion_id
        best[wins] = share[wins]
    return out


def renumbered(lesions: npt.NDArray[np.uint16], num_lesions: int) -> tuple[npt.NDArray[np.uint16], tuple[int, ...]]:
    """Lesions numbered anew without gaps, and which of 1 ... ``num_lesions`` they were, in order."""
    kept = tuple(int(i) for i in np.unique(lesions) if i)
    if len(kept) == num_lesions:
        return lesions, kept
    new = np.zeros(num_lesions + 1, np.uint16)
    new[list(kept)] = np.arange(1, len(kept) + 1)
    return new[lesions], kept
