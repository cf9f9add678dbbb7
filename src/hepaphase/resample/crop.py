"""Boxes around what matters, and back into the whole."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..base.errors import GeometryError, VolumeError
from ..study.geometry import Floats, Geometry, Xyz

Zyx = tuple[int, int, int]

_SAME_VOXEL = 1e-6


class Box(NamedTuple):
    """Voxels from ``start_zyx`` up to, but not including, ``stop_zyx``."""

    start_zyx: Zyx
    stop_zyx: Zyx

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """What to index a (z, y, x) array with."""
        z, y, x = (slice(a, b) for a, b in zip(self.start_zyx, self.stop_zyx, strict=True))
        return (z, y, x)

    @property
    def shape_zyx(self) -> Zyx:
        """Number of voxels along each axis."""
        z, y, x = (b - a for a, b in zip(self.start_zyx, self.stop_zyx, strict=True))
        return (z, y, x)

    def geometry(self, whole: Geometry) -> Geometry:
        """The grid of the voxels in the box, when ``whole`` is that of the array it was cut from."""
        return whole.crop(self.start_zyx, self.stop_zyx)

    def moved(self, by_zyx: Zyx) -> "Box":
        """The same voxels, counted from a voxel that lies ``by_zyx`` before the first."""
        start, stop = ([a + b for a, b in zip(end, by_zyx, strict=True)] for end in self)
        return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def box_around(mask: npt.NDArray[Any], geometry: Geometry, *, margin_mm: float) -> Box:
    """The smallest box around the non-zero voxels of ``mask`` with ``margin_mm`` on each side, inside the volume.

    Raises:
        VolumeError: when the mask is empty.
        GeometryError: when it does not have the shape of ``geometry``.
    """
    if mask.shape != geometry.shape_zyx:
        raise GeometryError(f"The mask has shape {mask.shape}, its grid {geometry.shape_zyx}.")
    if not mask.any():
        raise VolumeError("There is nothing to crop to: the mask is empty.")
    start, stop = [], []
    for axis, spacing_mm in enumerate(geometry.spacing_zyx_mm):
        found = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        margin = int(np.ceil(margin_mm / spacing_mm - 1e-6))
        start.append(max(0, int(found[0]) - margin))
        stop.append(min(mask.shape[axis], int(found[-1]) + 1 + margin))
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def box_of(points_lps_mm: Floats, geometry: Geometry) -> Box:
    """The smallest box of voxels that holds all of (..., 3) ``points_lps_mm``, inside the volume."""
    index = geometry.to_index_zyx(points_lps_mm).reshape(-1, 3)
    start = np.clip(np.floor(index.min(axis=0)), 0, np.asarray(geometry.shape_zyx) - 1).astype(int)
    stop = np.clip(np.ceil(index.max(axis=0)) + 1, start + 1, geometry.shape_zyx).astype(int)
    return Box((int(start[0]), int(start[1]), int(start[2])), (int(stop[0]), int(stop[1]), int(stop[2])))


def coarser(grid: Geometry, spacing_xyz_mm: Xyz, *, whole: Geometry | None = None) -> Geometry:
    """``grid`` at another spacing (``Geometry.with_spacing``).

    Of a grid that was cut from ``whole`` it is the voxels of the whole's coarser grid whose middle lies in the part:
    a cut then moves no voxel, and what is interpolated between them stays the same.
    """
    if whole is None or whole == grid:
        return grid.with_spacing(spacing_xyz_mm)
    lattice = whole.with_spacing(spacing_xyz_mm)
    edges = grid.to_lps_mm(np.stack([np.full(3, -0.5), np.asarray(grid.shape_zyx) - 0.5]))
    first, last = lattice.to_index_zyx(edges)
    start = np.clip(np.ceil(first - _SAME_VOXEL), 0, np.asarray(lattice.shape_zyx) - 1).astype(int)
    stop = np.clip(np.floor(last + _SAME_VOXEL) + 1, start + 1, lattice.shape_zyx).astype(int)
    a, b, c = (int(n) for n in start)
    d, e, f = (int(n) for n in stop)
    return lattice.crop((a, b, c), (d, e, f))


def paste(array: npt.NDArray[Any], box: Box, *, shape_zyx: Zyx, fill: float = 0) -> npt.NDArray[Any]:
    """An array of ``shape_zyx`` that is ``array`` inside ``box`` and ``fill`` elsewhere.

    Raises:
        GeometryError: when ``array`` does not have the shape of the box, or the box leaves the volume.
    """
    if array.shape != box.shape_zyx:
        raise GeometryError(f"The array has shape {array.shape}, the box {box.shape_zyx}.")
    if min(box.start_zyx) < 0 or any(b > n for b, n in zip(box.stop_zyx, shape_zyx, strict=True)):
        raise GeometryError(f"The box {box.start_zyx} to {box.stop_zyx} leaves the volume {shape_zyx}.")
    out = np.full(shape_zyx, fill, dtype=array.dtype)
    out[box.slices] = array
    return out
