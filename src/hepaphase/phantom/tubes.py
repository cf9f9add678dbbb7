"""Vessels on a grid: the share of every voxel that is inside many tubes, in one go."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..study.geometry import Geometry
from .space import Box, Field, Places, share

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class Tubes:
    """Straight tubes with round ends, mm."""

    start: Floats
    """(S, 3) xyz."""
    end: Floats
    radius_mm: Floats
    """(S,)."""


def join(*parts: Tubes) -> Tubes:
    """All tubes of ``parts``."""
    return Tubes(
        np.concatenate([p.start for p in parts]),
        np.concatenate([p.end for p in parts]),
        np.concatenate([p.radius_mm for p in parts]),
    )


def tube_shares(tubes: Tubes, places: Places, geometry: Geometry) -> tuple[Field, Box]:
    """Share of each voxel (z, y, x) inside any of ``tubes``, on the part of the grid they can reach.

    Only voxels near points along the tubes are looked at, so that hundreds of thin vessels cost milliseconds. A tube
    thinner than a voxel fills as much of it as its cross-section, spread over a voxel's width.
    """
    out = np.zeros(geometry.shape_zyx, np.float32)
    spacing = np.asarray(geometry.spacing_zyx_mm)
    width = float(np.cbrt(np.prod(spacing)))
    points, rows = _along(tubes, float(spacing.min()))
    index = _grid_index(points, places, geometry)
    reach = (tubes.radius_mm[rows] + 0.5 * width)[:, None] / spacing
    half = np.ceil(reach - 0.01).astype(int)
    box = _reached(index, half, out.shape)
    for size in np.unique(half, axis=0):
        here = np.flatnonzero((half == size).all(axis=1))
        _splat(out, tubes, rows[here], index[here], size, places, width)
    return out[box], box


def _reached(index: Ints, half: Ints, shape: tuple[int, ...]) -> Box:
    low, high = (index - half).min(axis=0), (index + half).max(axis=0) + 1
    z, y, x = (slice(max(int(a), 0), max(int(b), 0)) for a, b in zip(low, np.minimum(high, shape), strict=True))
    return z, y, x


def _along(tubes: Tubes, spacing_mm: float) -> tuple[Floats, Ints]:
    """Points on the tubes, about a voxel or a radius apart, and the tube of each."""
    length = np.linalg.norm(tubes.end - tubes.start, axis=1)
    num = np.ceil(length / np.maximum(spacing_mm, 0.8 * tubes.radius_mm)).astype(int) + 1
    rows = np.repeat(np.arange(len(num)), num)
    first = np.repeat(np.cumsum(num) - num, num)
    at = (np.arange(len(rows)) - first) / np.maximum(num[rows] - 1, 1)
    return tubes.start[rows] + at[:, None] * (tubes.end - tubes.start)[rows], rows


def _grid_index(points: Floats, places: Places, geometry: Geometry) -> Ints:
    """The voxel (z, y, x) of each point of the body, by following where voxels near it lie; may be off the grid."""
    origin = np.asarray(geometry.origin_lps_mm)[::-1]
    spacing = np.asarray(geometry.spacing_zyx_mm)
    target = points[:, ::-1]
    limit = np.asarray(geometry.shape_zyx) - 1
    index = (target - origin) / spacing
    for _ in range(3):
        near = np.clip(np.rint(index), 0, limit).astype(int)
        where = tuple(near.T)
        found = np.stack([places.z[where], places.y[where], places.x[where]], axis=1)
        index = near + (target - found) / spacing
    return np.asarray(np.rint(index), int)


def _splat(out: Field, tubes: Tubes, rows: Ints, index: Ints, half: Ints, places: Places, width: float) -> None:
    """Raise ``out`` around the voxels ``index`` to the share of their tubes."""
    near = [
        np.clip(index[:, axis, None] + np.arange(-half[axis], half[axis] + 1), 0, out.shape[axis] - 1).astype(np.int32)
        for axis in range(3)
    ]  # off the grid becomes its edge, whose own place then counts
    flat = near[0][:, :, None, None] * np.int32(out.shape[1]) + near[1][:, None, :, None]
    flat = (flat * np.int32(out.shape[2]) + near[2][:, None, None, :]).reshape(len(rows), -1)
    start, way = tubes.start[rows].astype(np.float32), (tubes.end - tubes.start)[rows].astype(np.float32)
    offsets = []
    t = np.zeros(flat.shape, np.float32)
    for axis, place in enumerate((places.x, places.y, places.z)):
        offset = place.ravel().take(flat)
        offset -= start[:, axis, None]
        t += offset * way[:, axis, None]
        offsets.append(offset)
    t /= (way**2).sum(axis=1, keepdims=True) + np.float32(1e-6)
    np.clip(t, 0, 1, out=t)
    gap = np.zeros(flat.shape, np.float32)
    for axis, offset in enumerate(offsets):
        offset -= t * way[:, axis, None]
        offset *= offset
        gap += offset
    np.sqrt(gap, out=gap)
    radius = tubes.radius_mm.astype(np.float32)[rows, None]
    gap -= radius
    part = share(gap, width)
    part *= np.minimum(np.float32(1), 2 * radius / np.float32(width))
    seen = part > 0
    np.maximum.at(out.reshape(-1), flat[seen], part[seen])
