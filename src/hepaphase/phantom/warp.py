"""A label map seen at another angle, size and breath: affine and elastic deformation."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.seeds import stream
from ..study.geometry import Floats
from .smooth import smooth_noise

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warp:
    """Everything drawn about one deformation; axes are (z, y, x)."""

    center_voxels: Vector
    """Where in the label map the middle of the view lies."""
    zoom: Vector
    rotation_rad: Vector
    """About the z, y and x axis."""
    shear: tuple[Vector, Vector, Vector]
    elastic_voxels: float
    """Standard deviation of the displacement along each axis."""
    cell_voxels: float
    """How far apart independent displacements lie."""
    seed: int


def draw_warp(rng: np.random.Generator, *, center_voxels: npt.ArrayLike) -> Warp:
    """A deformation about ``center_voxels``.

    Sizes vary by 10 % as a whole and 7 % per axis, angles by 3 to 5 degrees, and up to 12 mm of elastic displacement
    at 3 mm voxels is far more than breathing: neighbours must not be learned from one body (our choice).
    """
    zoom = np.exp(rng.normal(0, 0.10)) * np.exp(rng.normal(0, 0.07, 3))
    shear = rng.normal(0, 0.03, (3, 3))
    return Warp(
        center_voxels=_vector(center_voxels),
        zoom=_vector(zoom),
        rotation_rad=_vector(rng.normal(0, [0.08, 0.05, 0.05])),
        shear=(_vector(shear[0]), _vector(shear[1]), _vector(shear[2])),
        elastic_voxels=float(rng.uniform(0, 4)),
        cell_voxels=float(rng.uniform(12, 28)),
        seed=int(rng.integers(2**31)),
    )


def apply_warp(
    array: npt.NDArray[Any], warp: Warp, shape_zyx: tuple[int, int, int], *, order: Literal[0, 1] = 0, fill: float = 0
) -> npt.NDArray[Any]:
    """What a view of ``shape_zyx`` voxels shows of ``array``; order 0 for labels, 1 for HU. Pure."""
    matrix = _matrix(warp)
    grid = [(np.arange(n, dtype=np.float32) - (n - 1) / 2) for n in shape_zyx]
    rng = stream(warp.seed, "elastic")
    where = np.empty((3, *shape_zyx), np.float32)
    for axis in range(3):
        z, y, x = (np.float32(m) * g for m, g in zip(matrix[axis], grid, strict=True))
        where[axis] = (z + np.float32(warp.center_voxels[axis]))[:, None, None] + (y[:, None] + x)[None]
        where[axis] += np.float32(warp.elastic_voxels) * smooth_noise(rng, shape_zyx, warp.cell_voxels)
    out: npt.NDArray[Any] = ndimage.map_coordinates(array, where, order=order, mode="constant", cval=fill)
    return out


def _matrix(warp: Warp) -> Floats:
    """From view to label map."""
    matrix = np.eye(3)
    for axis, angle in enumerate(warp.rotation_rad):
        turn = np.eye(3)
        i, j = (a for a in range(3) if a != axis)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return np.asarray(matrix @ np.diag(1 / np.asarray(warp.zoom)) + np.asarray(warp.shear))


def _vector(values: npt.ArrayLike) -> Vector:
    z, y, x = (float(v) for v in np.asarray(values).ravel())
    return (z, y, x)
