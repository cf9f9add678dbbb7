"""The axis of the vena cava through the liver, and places about it: azimuth, distance, height."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..study.geometry import Geometry

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

LEAST_HEIGHT_MM = 40.0
"""A shorter stretch of vena cava beside the liver gives no axis (our choice)."""
_BEHIND_RAD = -np.pi / 3
"""Azimuths run from here once around: the seam lies behind, to the left, where there is no liver."""


@dataclass(frozen=True, slots=True)
class Cava:
    """A straight line along the vena cava, in LPS mm."""

    point: Floats
    """(3,), in the middle of its stretch beside the liver."""
    axis: Floats
    """(3,), to the head, of unit length."""

    @property
    def left(self) -> Floats:
        """Unit vector (3,) to the patient's left, at right angles to the axis."""
        left = np.array([1.0, 0.0, 0.0]) - self.axis[0] * self.axis
        return np.asarray(left / np.linalg.norm(left))

    @property
    def front(self) -> Floats:
        """Unit vector (3,) to the front, at right angles to both."""
        return np.cross(self.left, self.axis)

    def around(self, points: Floats) -> tuple[Floats, Floats]:
        """Azimuth and distance from the axis in mm of ``points`` (..., 3).

        The azimuth, in radians, is 0 to the patient's left, a quarter turn to the front, half a turn to the right.
        """
        toward = points - self.point
        x, y = toward @ self.left, toward @ self.front
        turn = np.arctan2(y, x)
        return np.asarray(np.where(turn < _BEHIND_RAD, turn + 2 * np.pi, turn)), np.hypot(x, y)

    def at_height(self, z_mm: Floats) -> Floats:
        """Points (..., 3) of the axis at heights (...)."""
        return np.asarray(self.point + ((z_mm - self.point[2]) / self.axis[2])[..., None] * self.axis)


def find_cava(cava: Bools, liver: Bools, geometry: Geometry) -> Cava | None:
    """The axis, by least squares through the middle of ``cava`` in each slice that shows liver.

    None where that is less than ``LEAST_HEIGHT_MM``.

    Args:
        cava: (z, y, x).
        liver: (z, y, x).
        geometry: along LPS.
    """
    rows = np.flatnonzero(cava.any(axis=(1, 2)) & liver.any(axis=(1, 2)))
    if len(rows) < 2 or (rows[-1] - rows[0]) * geometry.spacing_zyx_mm[0] < LEAST_HEIGHT_MM:
        return None
    places = np.array([geometry.to_lps_mm(np.array([k, *np.argwhere(cava[k]).mean(axis=0)])) for k in rows])
    weight = np.sqrt(cava[rows].sum(axis=(1, 2)))
    middle = float(places[:, 2].mean())
    table = np.stack([np.ones(len(rows)), places[:, 2] - middle], axis=1)
    found, *_ = np.linalg.lstsq(table * weight[:, None], places[:, :2] * weight[:, None], rcond=None)
    axis = np.array([found[1, 0], found[1, 1], 1.0])
    return Cava(np.array([found[0, 0], found[0, 1], middle]), axis / np.linalg.norm(axis))
