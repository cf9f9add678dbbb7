"""The volume vessels grow in: depth below a surface on a lattice, read at any point."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .space import Field

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Perfused:
    """Signed distance to the surface of an organ at lattice points, mm, negative inside."""

    depth_mm: Field
    """(z, y, x)."""
    origin_mm: Floats
    """Of the first lattice point, xyz, (3,)."""
    step_mm: float

    def at(self, points: Floats) -> Floats:
        """Signed distance at ``points`` (..., 3) xyz, linear between lattice points."""
        index = (np.asarray(points) - self.origin_mm) / self.step_mm
        where = index.reshape(-1, 3).T[::-1]
        depth = ndimage.map_coordinates(self.depth_mm, where, order=1, mode="nearest", output=np.float32)
        return np.asarray(depth.reshape(index.shape[:-1]), float)

    def positions(self, depth_mm: float) -> Floats:
        """Lattice points at least ``depth_mm`` below the surface, (N, 3) xyz."""
        index = np.argwhere(self.depth_mm < -depth_mm)[:, ::-1]
        return np.asarray(self.origin_mm + self.step_mm * index, float)

    def without(self, points: Floats, radius_mm: Floats) -> "Perfused":
        """The same volume less balls of ``radius_mm`` (N,), up to two steps, around ``points`` (N, 3)."""
        depth = self.depth_mm.copy()
        steps = np.stack(np.meshgrid(*(np.arange(-2, 3),) * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        near = np.rint((points - self.origin_mm) / self.step_mm).astype(int)[:, None] + steps
        distance = np.linalg.norm(self.origin_mm + self.step_mm * near - points[:, None], axis=-1)
        on = ((near >= 0) & (near < depth.shape[::-1])).all(axis=-1)
        depth_at = (radius_mm[:, None] - distance)[on].astype(np.float32)
        np.maximum.at(depth, tuple(near[on].T[::-1]), depth_at)
        return Perfused(depth, self.origin_mm, self.step_mm)


def spread(points: Floats, num: int, *, first: int = 0) -> Floats:
    """``num`` of ``points`` (N, 3), each as far as can be from those before: coarse first, even at every length.

    Farthest-point sampling (Gonzalez 1985). With equal flow in all, each supplies about the same volume.
    """
    num = min(num, len(points))
    chosen = np.empty(num, int)
    gap = np.full(len(points), np.inf)
    at = first
    for number in range(num):
        chosen[number] = at
        gap = np.minimum(gap, ((points - points[at]) ** 2).sum(axis=1))
        at = int(gap.argmax())
    return np.asarray(points[chosen])
