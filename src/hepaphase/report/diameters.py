"""Long and short axis of a lesion, as RECIST takes them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..study.geometry import Floats

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Diameters:
    """Both axes of a mask, and where the long one lies."""

    slice_index: int
    """Index of the axial slice along the first axis of the mask."""
    long_mm: float
    short_mm: float
    ends_yx_mm: tuple[tuple[float, float], tuple[float, float]]
    """Ends of the long axis, in millimetres from the centre of voxel (0, 0) of that slice, without the added voxel."""


def diameters(mask_zyx: Array, *, spacing_yx_mm: tuple[float, float]) -> Diameters:
    """The RECIST long axis of ``mask_zyx``, shape (z, y, x), and the short axis in its slice.

    The long axis is the largest distance between two voxels of the same axial slice, over all slices (RECIST 1.1,
    Eisenhauer et al. 2009). The short axis is the longest chord at right angles to it through the convex hull of its
    slice. Distances between voxel centers miss half a voxel at each end, so to each one voxel is added, measured along
    the axis: ``sqrt((spacing_y u_y)^2 + (spacing_x u_x)^2)`` for the unit vector u (our choice). A single voxel has
    axes of one voxel.
    """
    spacing = np.asarray(spacing_yx_mm, dtype=float)
    best: tuple[float, int, Floats, tuple[int, int]] | None = None
    for k in np.flatnonzero(mask_zyx.any(axis=(1, 2))).tolist():
        hull = _hull(_row_ends(mask_zyx[k]) * spacing)
        distance = np.linalg.norm(hull[:, None] - hull[None], axis=2)
        a, b = divmod(int(distance.argmax()), len(hull))
        if best is None or distance[a, b] > best[0]:
            best = (float(distance[a, b]), k, hull, (a, b))
    assert best is not None, "an empty mask has no axes"
    distance_mm, k, hull, (a, b) = best
    along = (hull[b] - hull[a]) / distance_mm if distance_mm else np.array([0.0, 1.0])
    across = np.array([-along[1], along[0]])
    return Diameters(
        slice_index=k,
        long_mm=distance_mm + float(np.linalg.norm(along * spacing)),
        short_mm=_longest_chord(hull @ along, hull @ across) + float(np.linalg.norm(across * spacing)),
        ends_yx_mm=((float(hull[a][0]), float(hull[a][1])), (float(hull[b][0]), float(hull[b][1]))),
    )


def _row_ends(mask_yx: Array) -> Floats:
    """First and last voxel of each row, shape (n, 2): no other voxel can be a corner of the hull."""
    rows = np.flatnonzero(mask_yx.any(axis=1))
    first = mask_yx[rows].argmax(axis=1)
    last = mask_yx.shape[1] - 1 - mask_yx[rows][:, ::-1].argmax(axis=1)
    ends = np.concatenate([np.stack([rows, first], axis=1), np.stack([rows, last], axis=1)])
    return np.unique(ends, axis=0).astype(float)


def _hull(points: Floats) -> Floats:
    """Corners of the convex hull of sorted ``points``, shape (n, 2), by Andrew's monotone chain."""
    if len(points) < 3:
        return points
    chains = [_chain(points), _chain(points[::-1])]
    return np.concatenate([chain[:-1] for chain in chains])


def _chain(points: Floats) -> Floats:
    chain: list[Floats] = []
    for point in points:
        while len(chain) > 1 and _cross(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return np.asarray(chain)


def _cross(a: Floats, b: Floats, c: Floats) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def _longest_chord(along: Floats, across: Floats) -> float:
    """Longest chord across a convex polygon whose corners lie at ``along`` and ``across``; it starts at a corner."""
    corners = np.stack([along, across], axis=1)
    start = int(along.argmin())
    ring = np.roll(corners, -start, axis=0)
    turn = int(ring[:, 0].argmax())
    one, other = ring[: turn + 1], np.concatenate([ring[turn:], ring[:1]])[::-1]
    gap = np.interp(along, one[:, 0], one[:, 1]) - np.interp(along, other[:, 0], other[:, 1])
    return float(np.abs(gap).max())
