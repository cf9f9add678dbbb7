"""Lesion masks from the working grid to a finer one, smoothly and without losing a lesion."""

import numpy as np
import numpy.typing as npt

from ..resample.grid import resample
from ..study.geometry import Geometry


def lesions_on_grid(lesions: npt.NDArray[np.uint16], source: Geometry, target: Geometry) -> npt.NDArray[np.uint16]:
    """Lesion ids, (z, y, x) on ``source``, on ``target``.

    Each lesion is interpolated linearly and cut at one half, so that its surface is smooth and its volume is kept;
    where two claim a voxel the stronger claim wins. A lesion that would vanish keeps its nearest-neighbor mask.
    """
    ids = np.unique(lesions[lesions > 0])
    best = np.full(target.shape_zyx, 0.5, np.float32)
    out = np.zeros(target.shape_zyx, np.uint16)
    for lesion_id in ids:
        share = resample((lesions == lesion_id).astype(np.float32), source, target, order=1, fill=0.0)
        wins = share >= best
        if not wins.any():
            wins = resample((lesions == lesion_id).astype(np.uint8), source, target, order=0, fill=0) > 0
        out[wins] = lesion_id
        best[wins] = share[wins]
    return out
