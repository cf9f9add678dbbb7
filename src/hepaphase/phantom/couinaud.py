"""Couinaud's eight segments of one liver: sectors about the vena cava, cut at the height of the portal bifurcation.

The planes of the right, middle and left hepatic vein share the axis of the vena cava, so they are three azimuths about
it. The rule is that of the physics notes, F, with segment 4 undivided.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..study.geometry import Xyz
from .space import Field

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]

SEGMENT_SHARES = {"lateral": 0.175, "medial": 0.155, "anterior": 0.43}
"""Of the liver without caudate, before disease; the rest is posterior. Segment 8 is the largest with a median of 26.1 %
of the liver, followed by 7, 4, 5, 3, 6, 2 and 1, and 2 and 3 have less than 10 % each (107 livers, Mise et al., HPB
2014;16:487); the shares are our choice to agree."""
PORTAL_SLOPE = 0.3
"""Rise of the plane of the portal bifurcation to the back (our choice, to agree with the same sizes)."""


@dataclass(frozen=True, slots=True)
class Couinaud:
    """Where the borders of the segments lie, in the space of the body before breathing, mm."""

    apex: Xyz
    """A point on the axis of the vena cava."""
    axis: Xyz
    """Along the vena cava to the head, of unit length."""
    left_rad: float
    """Azimuth of the plane of the left hepatic vein: 0 is to the patient's left, a quarter turn to the front."""
    middle_rad: float
    right_rad: float
    portal_z_mm: float
    """Height of the plane of the portal bifurcation, at the hilum."""
    left_z_mm: float
    """Height of the left portal vein in the umbilical fissure."""
    caudate: tuple[Xyz, Xyz]
    """Middle and half axes of the ellipsoid that holds segment 1."""
    hilum: Xyz
    umbilical: Xyz
    """With the hilum and the axis it spans the plane in front of the caudate (fissure of the ligamentum venosum)."""

    def azimuth_rad(self, points: Floats) -> Floats:
        """About the vena cava, of ``points`` (..., 3) xyz; between minus a sixth and five sixths of a turn."""
        toward = np.asarray(points) - np.asarray(self.apex)
        left, front = frame(self.axis)
        angle = np.arctan2(toward @ front, toward @ left)
        return np.asarray(np.where(angle < -np.pi / 3, angle + 2 * np.pi, angle))

    def outward(self, azimuth_rad: float) -> Floats:
        """Unit vector away from the vena cava, (3,) xyz."""
        left, front = frame(self.axis)
        return np.asarray(np.cos(azimuth_rad) * left + np.sin(azimuth_rad) * front)

    def is_caudate(self, points: Floats) -> npt.NDArray[np.bool_]:
        """Whether ``points`` (..., 3) are in the caudate's ellipsoid, behind its fissure and not right of the cava."""
        middle, half = (np.asarray(values) for values in self.caudate)
        within = (((points - middle) / half) ** 2).sum(axis=-1) < 1
        back = np.cross(np.subtract(self.umbilical, self.hilum), self.axis)
        back = back if back[1] > 0 else -back
        left, _ = frame(self.axis)
        behind = (points - np.asarray(self.hilum)) @ back > 0
        return np.asarray(within & behind & ((points - np.asarray(self.apex)) @ left > -0.5 * half[0]))

    def label(self, points: Floats) -> Labels:
        """Segment 1 to 8 of every point (..., 3) xyz of the liver."""
        azimuth, y, z = self.azimuth_rad(points), np.asarray(points)[..., 1], np.asarray(points)[..., 2]
        upper = z > self.portal_z_mm + PORTAL_SLOPE * (y - self.hilum[1])
        out = np.where(azimuth > self.middle_rad, np.where(upper, 8, 5), 4)
        out = np.where(azimuth > self.right_rad, np.where(upper, 7, 6), out)
        out = np.where(azimuth < self.left_rad, np.where(z > self.left_z_mm, 2, 3), out)
        return np.asarray(np.where(self.is_caudate(points), 1, out), np.uint8)


def frame(axis: Xyz) -> tuple[Floats, Floats]:
    """Unit vectors to the left and to the front, at right angles to ``axis`` and to each other."""
    up = np.asarray(axis, float)
    left = np.array([1.0, 0.0, 0.0]) - up[0] * up
    left /= np.linalg.norm(left)
    front = np.array([0.0, -1.0, 0.0])
    front = front - (front @ up) * up - (front @ left) * left
    return left, np.asarray(front / np.linalg.norm(front))


def segment_map(couinaud: Couinaud, liver: Labels, x: Field, y: Field, z: Field) -> Labels:
    """Segment of every voxel of the mask ``liver`` (z, y, x), 0 elsewhere; ``x``, ``y``, ``z`` are its places, mm."""
    out = np.zeros(liver.shape, np.uint8)
    inside = liver > 0
    out[inside] = couinaud.label(np.stack([x[inside], y[inside], z[inside]], axis=-1).astype(float))
    return out
