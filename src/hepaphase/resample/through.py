"""A volume seen through a transform: each target position is looked up where the transform takes it."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.displacement import Displacement
from ..study.geometry import Floats, Geometry
from .crop import coarser
from .grid import AIR_HU, resample

Array = npt.NDArray[Any]

_INVERSE_STEPS = 12
_SAME = 1.02
"""A target that is coarser by less than this needs no smoothing first."""


def moved_points(points_lps_mm: Floats, matrix: Floats, bend: Displacement | None = None) -> Floats:
    """Where reference positions (..., 3) lie in the phase: displaced, then turned and shifted."""
    points = np.asarray(points_lps_mm, np.float64)
    if bend is not None:
        index = np.moveaxis(bend.geometry.to_index_zyx(points), -1, 0)
        move = [ndimage.map_coordinates(part, index, order=1, mode="nearest") for part in bend.mm]
        points = points + np.stack(move, axis=-1)
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])


def moved_back(points_lps_mm: Floats, matrix: Floats, bend: Displacement | None = None) -> Floats:
    """Where positions (..., 3) of the phase lie in the reference: the inverse of ``moved_points``, by fixed point."""
    inverse = np.linalg.inv(matrix)
    turned = np.asarray(points_lps_mm, np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
    at = turned
    for _ in range(0 if bend is None else _INVERSE_STEPS):
        at = at - (moved_points(at, np.eye(4), bend) - turned)
    return np.asarray(at)


def resample_through(  # noqa: PLR0913
    array: Array,
    source: Geometry,
    target: Geometry,
    *,
    matrix: Floats,
    bend: Displacement | None = None,
    order: int = 1,
    fill: float | None = None,
    back: bool = False,
    whole: Geometry | None = None,
) -> Array:
    """``array`` (z, y, x) on ``source`` as it looks on ``target`` after lining up; as ``resample`` for no movement.

    With ``back`` it is the other way: ``array`` lies in the space of the reference, ``target`` in that of the phase.
    Where the target is coarser than the source, the source is brought to the coarser spacing first (``resample``, with
    its Gaussian). Order 0 is for labels, 1 for HU. ``whole`` is the grid that ``source`` was cut from, if it was: the
    coarser grid is then a part of the one that the whole would have got.

    Raises:
        GeometryError: when ``array`` does not have the shape of ``source``.
        ConfigError: for another order.
    """
    if bend is None and np.allclose(matrix, np.eye(4), atol=1e-9):
        return resample(array, source, target, order=order, fill=fill)
    value = fill if fill is not None else (AIR_HU if order else 0)
    middle = _between(source, target, whole) if order else source
    if middle is not source:
        array, source = resample(array, source, middle, order=1, fill=value), middle
    kind = np.dtype(np.float32) if order else array.dtype
    part = np.ascontiguousarray(array, dtype=kind)
    out = np.empty(target.shape_zyx, kind)
    high = np.asarray(source.shape_zyx) - 0.5
    move = moved_back if back else moved_points
    for z in range(target.shape_zyx[0]):
        rows, columns = np.indices(target.shape_zyx[1:])
        points = target.to_lps_mm(np.stack([np.full(rows.shape, z), rows, columns], axis=-1))
        index = source.to_index_zyx(move(points, matrix, bend))
        inside = ((index >= -0.5) & (index < high)).all(axis=-1)
        looked = ndimage.map_coordinates(part, np.moveaxis(index, -1, 0), order=1 if order else 0, mode="nearest")
        out[z] = np.where(inside, looked, value)
    return out


def shows(source: Geometry, target: Geometry, *, matrix: Floats, bend: Displacement | None = None) -> Array:
    """Which voxels of ``target`` (z, y, x) a scan on ``source`` reaches: where ``resample_through`` fills nothing."""
    stays = bend is None and np.allclose(matrix, np.eye(4), atol=1e-9)
    scan = source if stays else _between(source, target, None)
    high = np.asarray(scan.shape_zyx) - 0.5
    out = np.empty(target.shape_zyx, bool)
    for z in range(target.shape_zyx[0]):
        rows, columns = np.indices(target.shape_zyx[1:])
        points = target.to_lps_mm(np.stack([np.full(rows.shape, z), rows, columns], axis=-1))
        index = scan.to_index_zyx(moved_points(points, matrix, bend))
        out[z] = ((index >= -0.5) & (index < high)).all(axis=-1)
    return out


def _between(source: Geometry, target: Geometry, whole: Geometry | None) -> Geometry:
    """The grid of the source, or where the target steps further, a coarser one."""
    spacing = np.maximum(source.spacing_xyz_mm, _spacing_along(source, target))
    if not np.any(spacing > _SAME * np.asarray(source.spacing_xyz_mm)):
        return source
    x, y, z = (float(s) for s in spacing)
    return coarser(source, (x, y, z), whole=whole)


def _spacing_along(source: Geometry, target: Geometry) -> Floats:
    """Spacing of the target along each axis of the source, mm: that of its axis nearest in direction."""
    turn = np.abs(np.asarray(source.direction).T @ np.asarray(target.direction))
    return np.asarray(np.asarray(target.spacing_xyz_mm)[turn.argmax(axis=1)], float)
