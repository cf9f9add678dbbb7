"""A volume or label map carried from one grid to another."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import ConfigError, GeometryError
from ..study.geometry import Floats, Geometry

AIR_HU = -1000.0
"""What lies outside every scan."""

_TRUNCATE = 3.0
"""Standard deviations at which the Gaussian ends."""
_DECIMALS = 6
"""Indices are rounded to this, so that a voxel centre computed in two ways is the same voxel."""
_PARALLEL_VOXELS = 0.001
"""Axes are parallel when they part by less than this over the whole volume."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class _View:
    """How the voxels of the target see a part of the source: source index = matrix @ target index + offset."""

    matrix: Floats
    offset: Floats
    sigma: Floats
    """Standard deviation of the Gaussian along each source axis, in source voxels."""
    low: Floats
    """Source indices below this are outside the source."""
    high: Floats
    """Source indices from this on are outside the source."""
    order: int


def resample(
    array: Array, source: Geometry, target: Geometry, *, order: int = 1, fill: float | None = None
) -> npt.NDArray[Any]:
    """``array`` on ``source``, shape (z, y, x), as it looks on ``target``.

    Order 1 is linear and gives float32. Along each source axis on which the target steps further than one voxel, a
    Gaussian is applied first, so that fine detail becomes its average instead of noise: a step of f voxels gets a
    standard deviation of sqrt(f^2 - 1) / 2.355 voxels, by which a width of one voxel grows to f (Cardoso et al. 2015,
    Scale factor point spread function matching). Order 0 takes the nearest voxel, keeps the type, and is for labels.
    Voxels of the target whose centre lies outside every voxel of the source become ``fill``; unless given it is
    -1000 HU for order 1 and 0 for order 0.

    Raises:
        GeometryError: when ``array`` does not have the shape of ``source``.
        ConfigError: for another order.
    """
    if array.shape != source.shape_zyx:
        raise GeometryError(f"The array has shape {array.shape}, its grid {source.shape_zyx}.")
    if order not in (0, 1):
        raise ConfigError(f"Resampling is nearest (order 0) or linear (order 1), got {order}.")
    value = fill if fill is not None else (AIR_HU if order else 0)
    kind = np.dtype(np.float32) if order else array.dtype
    out = np.full(target.shape_zyx, value, dtype=kind)
    view, start, stop = _look(source, target, order)
    if np.all(stop > start):
        part = np.ascontiguousarray(array[tuple(map(slice, start, stop))], dtype=kind)  # strided products are slow
        axes = _parallel_axes(view.matrix, target.shape_zyx)
        if axes is None:
            _oblique(part, view, out)
        else:
            _parallel(part, view, axes, out)
    return out


def index_map(source: Geometry, target: Geometry) -> tuple[Floats, Floats]:
    """Matrix (3, 3) and offset (3,) that take a (z, y, x) index of ``target`` to one of ``source``."""
    offset = source.to_index_zyx(target.to_lps_mm((0.0, 0.0, 0.0)))
    columns = source.to_index_zyx(target.to_lps_mm(np.eye(3))) - offset
    return columns.T, offset


def _look(source: Geometry, target: Geometry, order: int) -> tuple[_View, Array, Array]:
    """The view, and the corners of the part of ``source`` that it can see; work does not grow with the rest."""
    matrix, offset = index_map(source, target)
    step = np.linalg.norm(matrix, axis=1)
    sigma = np.sqrt(np.maximum(step**2 - 1, 0)) / 2.355 if order else np.zeros(3)
    sigma[sigma < 0.05] = 0  # no weight beyond the voxel itself
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in target.shape_zyx], indexing="ij")).reshape(3, -1)
    seen = matrix @ corners + offset[:, None]
    margin = np.ceil(_TRUNCATE * sigma) + 2
    start = np.clip(np.floor(seen.min(axis=1) - margin), 0, source.shape_zyx).astype(int)
    stop = np.clip(np.ceil(seen.max(axis=1) + margin) + 1, 0, source.shape_zyx).astype(int)
    high = np.asarray(source.shape_zyx) - 0.5 - start
    return _View(matrix, offset - start, sigma, -0.5 - start, high, order), start, stop


def _parallel_axes(matrix: Floats, shape_zyx: tuple[int, int, int]) -> list[int] | None:
    """For each source axis the target axis that runs along it; None when the grids are oblique to each other."""
    rest = np.abs(matrix)
    axes = rest.argmax(axis=1)
    rest[range(3), axes] = 0
    if len(set(axes.tolist())) < 3 or rest.max() * max(shape_zyx) > _PARALLEL_VOXELS:
        return None
    return [int(a) for a in axes]


def _parallel(part: Array, view: _View, axes: list[int], out: Array) -> None:
    """Grids with parallel axes: one axis after the other, the one that shrinks most first."""
    kept = [slice(0)] * 3
    positions = []
    for axis, along in enumerate(axes):
        position = np.round(view.matrix[axis, along] * np.arange(out.shape[along]) + view.offset[axis], _DECIMALS)
        inside = np.flatnonzero((position >= view.low[axis]) & (position < view.high[axis]))
        if not len(inside):
            return
        kept[along] = slice(int(inside[0]), int(inside[-1]) + 1)  # one run, since positions only grow or only shrink
        positions.append(position[kept[along]])
    for axis in sorted(range(3), key=lambda a: len(positions[a]) / part.shape[a]):
        nearest = np.clip(np.floor(positions[axis] + 0.5).astype(int), 0, part.shape[axis] - 1)
        if view.order == 0 or (view.sigma[axis] == 0 and np.array_equal(nearest, positions[axis])):
            part = part[_axis_slice(nearest, axis)]
        else:
            part = _mix(_weights(positions[axis], part.shape[axis], float(view.sigma[axis])), part, axis)
    out[tuple(kept)] = part.transpose(np.argsort(axes))


def _weights(position: Floats, num_source: int, sigma: float) -> npt.NDArray[np.float32]:
    """Share of each source voxel in each target voxel, shape (num_target, num_source); rows sum to one."""
    inside = np.clip(position, 0, num_source - 1)
    low = np.minimum(np.floor(inside).astype(int), max(num_source - 2, 0))
    share = inside - low
    rows = np.arange(len(position))
    weights = np.zeros((len(position), num_source))
    weights[rows, low] = 1 - share
    weights[rows, np.minimum(low + 1, num_source - 1)] += share
    if sigma > 0:
        weights = weights @ ndimage.gaussian_filter1d(
            np.eye(num_source), sigma, axis=0, mode="nearest", truncate=_TRUNCATE
        )
    return weights.astype(np.float32)


def _axis_slice(index: Array, axis: int) -> tuple[Any, ...]:
    """What picks ``index`` along ``axis``; a plain slice where the indices are consecutive, which copies nothing."""
    consecutive = np.array_equal(index, np.arange(index[0], index[0] + len(index)))
    pick = slice(int(index[0]), int(index[-1]) + 1) if consecutive else index
    return (*[slice(None)] * axis, pick)


def _mix(weights: npt.NDArray[np.float32], part: Array, axis: int) -> Array:
    if axis == 0:
        return np.asarray(weights @ part.reshape(len(part), -1)).reshape(-1, *part.shape[1:])
    return np.asarray(weights @ part if axis == 1 else part @ weights.T)


def _oblique(part: Array, view: _View, out: Array) -> None:
    """Grids at an angle, slab by slab."""
    if view.order == 1 and view.sigma.any():
        part = ndimage.gaussian_filter(part, view.sigma, mode="nearest", truncate=_TRUNCATE)
    transform: Any = ndimage.affine_transform  # its types know no arrays of unknown kind
    _, y, x = (np.arange(n) for n in out.shape)
    for z in range(out.shape[0]):
        shape = (1, *out.shape[1:])
        offset = view.matrix[:, 0] * z + view.offset
        slab = np.empty(shape, dtype=out.dtype)
        transform(part, view.matrix, offset, output_shape=shape, output=slab, order=view.order, mode="nearest")
        inside = np.ones(shape[1:], dtype=bool)
        for axis in range(3):
            index = view.matrix[axis, 1] * y[:, None] + view.matrix[axis, 2] * x + offset[axis]
            inside &= (index >= view.low[axis]) & (index < view.high[axis])
        out[z][inside] = slab[0][inside]
