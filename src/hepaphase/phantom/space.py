"""Places in the patient: smooth random fields, breathing, and shapes as signed distances."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..study.geometry import Geometry, Xyz

Field = npt.NDArray[np.float32]
Box = tuple[slice, slice, slice]

LATTICE_MM = 40.0
"""Correlation length of smooth fields (our choice, the one of the physics notes for breathing)."""
HALF_EXTENT_MM = 400.0
_SLAB_VOXELS = 65536


@dataclass(frozen=True)
class Places:
    """Position of every voxel along each axis of the patient, mm, each (z, y, x)."""

    x: Field
    y: Field
    z: Field

    @cached_property
    def _bounds(self) -> tuple[tuple[Field, Field], ...]:
        """Lowest and highest position in each slice, row and column."""
        pairs = []
        for axis, values in enumerate((self.z, self.y, self.x)):
            others = tuple(a for a in range(3) if a != axis)
            pairs.append((values.min(axis=others), values.max(axis=others)))
        return tuple(pairs)

    def box(self, center: Xyz, reach_mm: Xyz) -> tuple[slice, slice, slice]:
        """The part of the grid that can lie within ``reach_mm`` of ``center``."""
        spans = []
        for axis, (low, high) in enumerate(self._bounds):
            at, reach = center[2 - axis], reach_mm[2 - axis]
            inside = np.flatnonzero((high >= at - reach) & (low <= at + reach))
            spans.append(slice(0, 0) if not inside.size else slice(int(inside[0]), int(inside[-1]) + 1))
        return (spans[0], spans[1], spans[2])

    def cut(self, box: tuple[slice, slice, slice]) -> "Places":
        """Positions of a part of the grid."""
        return Places(self.x[box], self.y[box], self.z[box])


def smooth_values(rng: np.random.Generator, *, sd: float, lattice_mm: float = LATTICE_MM) -> Field:
    """A random field on a lattice over the whole patient, to be read with ``read_lattice``."""
    num = int(2 * HALF_EXTENT_MM / lattice_mm) + 1
    return (sd * rng.standard_normal((num, num, num))).astype(np.float32)


def read_lattice(values: Field, axes_mm: tuple[Field, Field, Field]) -> Field:
    """A lattice field at all points of a grid with axes z, y, x in mm; cubic B-spline, so smooth."""
    out: npt.NDArray[np.float32] = values
    step = 2 * HALF_EXTENT_MM / (values.shape[0] - 1)
    order = sorted(range(3), key=lambda a: len(axes_mm[a]))  # the axis that shrinks most first
    for axis in order:
        positions = axes_mm[axis]
        matrix = _spline_rows(positions, values.shape[axis], step)
        used = np.flatnonzero(matrix.any(axis=0))
        part = slice(int(used[0]), int(used[-1]) + 1)
        out = out[(slice(None),) * axis + (part,)]
        out = _contract(matrix[:, part], out, axis)
    return np.ascontiguousarray(out, dtype=np.float32)


def _contract(matrix: Field, values: Field, axis: int) -> Field:
    """``matrix`` (P, n) applied along one axis."""
    if axis == 0:
        return np.asarray((matrix @ values.reshape(len(values), -1)).reshape(-1, *values.shape[1:]))
    return np.asarray(matrix @ values if axis == 1 else values @ matrix.T)


def _spline_rows(positions_mm: Field, num: int, step_mm: float) -> Field:
    """Cubic B-spline weights of lattice points at positions, (P, num), scaled so that a white field keeps its sd."""
    at = np.clip((positions_mm + HALF_EXTENT_MM) / step_mm, 1.0, num - 2.001)
    low = np.floor(at).astype(int)
    t = (at - low)[:, None]
    weights = (
        np.concatenate([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1) / 6
    )
    weights /= np.sqrt((weights**2).sum(axis=1, keepdims=True))
    rows = np.zeros((len(at), num), np.float32)
    index = np.clip(low[:, None] + np.arange(-1, 3), 0, num - 1)
    np.add.at(rows, (np.arange(len(at))[:, None], index), weights)
    return rows


def grid_axes_mm(geometry: Geometry) -> tuple[Field, Field, Field]:
    """Position of slices, rows and columns of a grid whose axes lie along LPS: z, y, x in mm."""
    origin, spacing = geometry.origin_lps_mm, geometry.spacing_xyz_mm
    x, y, z = (
        (origin[a] + spacing[a] * np.arange(n)).astype(np.float32) for a, n in enumerate(geometry.shape_zyx[::-1])
    )
    return z, y, x


def slabs(shape: tuple[int, ...]) -> Iterator[slice]:
    """Runs of slices whose arrays stay in the cache of a processor: arithmetic over a whole grid is bound by memory."""
    step = max(1, _SLAB_VOXELS // max(1, shape[1] * shape[2]))
    return (slice(start, start + step) for start in range(0, shape[0], step))


def ellipsoid_mm(places: Places, center: Xyz, half_mm: Xyz) -> Field:
    """Signed distance to an ellipsoid, mm, negative inside; exact at the surface to first order."""
    out: Field = np.empty(places.x.shape, np.float32)
    for run in slabs(out.shape):
        radius2: Field = np.full(out[run].shape, 1e-6, np.float32)
        slope2: Field = np.full(out[run].shape, 1e-12, np.float32)
        for place, middle, half in zip((places.x, places.y, places.z), center, half_mm, strict=True):
            part: Field = place[run] - np.float32(middle)
            part *= part
            part *= np.float32(1 / half**2)
            radius2 += part
            part *= np.float32(1 / half**2)
            slope2 += part
        np.sqrt(slope2, out=slope2)
        np.divide(radius2 - np.sqrt(radius2), slope2, out=out[run])
    return out


def ellipsoid_box(places: Places, center: Xyz, half_mm: Xyz, width_mm: float) -> tuple[slice, slice, slice]:
    """The part of the grid that an ellipsoid's ``share`` can reach, given that its distance is of first order."""
    reach = [half + width_mm * max(1.0, half / min(half_mm)) for half in half_mm]
    return places.box(center, (reach[0], reach[1], reach[2]))


def segment_mm(places: Places, start: Xyz, end: Xyz, radius_mm: float) -> Field:
    """Signed distance to a tube with round ends, mm."""
    ax, ay, az = (e - s for s, e in zip(start, end, strict=True))
    px, py, pz = places.x - start[0], places.y - start[1], places.z - start[2]
    t = np.clip((px * ax + py * ay + pz * az) / (ax * ax + ay * ay + az * az + 1e-6), 0, 1)
    return np.asarray(np.sqrt((px - t * ax) ** 2 + (py - t * ay) ** 2 + (pz - t * az) ** 2) - radius_mm, np.float32)


def share(distance_mm: Field, width_mm: float) -> Field:
    """Share of a voxel that is inside a surface at ``distance_mm``: linear over the voxel (partial volume)."""
    out = distance_mm / width_mm
    np.subtract(0.5, out, out=out)
    np.clip(out, 0.0, 1.0, out=out)
    return np.asarray(out, np.float32)
