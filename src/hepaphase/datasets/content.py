"""What a volume shows, as a short code that does not depend on its header, its file format or its storage order."""

import numpy as np
import numpy.typing as npt

from ..study.study import HuArray

SIZE = 12
"""Voxels per axis of the thumbnail (our choice: 12^3 tells patients apart and forgets resampling)."""
SAME = 0.997
"""Correlation of two thumbnails above which they show one scan (our choice; see the tests for both sides of it)."""

Thumbnail = npt.NDArray[np.float32]


def thumbnail(hu: HuArray) -> Thumbnail:
    """Mean HU, clipped to -200 to 200, of ``SIZE``^3 equal blocks, centered and of unit length; shape (SIZE^3,).

    Blocks are shares of each axis, so that spacing, origin and number of slices do not matter. Clipping makes an 8-bit
    copy and its source alike.
    """
    small = np.clip(hu, -200, 200)
    for axis in range(3):
        edges = np.linspace(0, small.shape[axis], SIZE + 1)
        starts = np.minimum(edges[:-1].astype(int), small.shape[axis] - 1)
        sums = np.add.reduceat(small, starts, axis=axis, dtype=np.float64)
        counts = np.diff(np.append(starts, small.shape[axis])).clip(1)
        shape = [1, 1, 1]
        shape[axis] = -1
        small = sums / counts.reshape(shape)
    flat = small.ravel() - small.mean()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-6), np.float32)


def alike(one: Thumbnail, other: Thumbnail) -> bool:
    """Whether two thumbnails show the same scan, mirrored or not along any axis."""
    if one.any() and not other.any():
        return False
    cube = other.reshape(SIZE, SIZE, SIZE)
    for flips in range(8):
        axes = tuple(axis for axis in range(3) if flips >> axis & 1)
        if float(one @ np.flip(cube, axes).ravel()) > SAME:
            return True
    return False
