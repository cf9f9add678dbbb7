"""A procedural body around real organs, so that a label map of organs alone gives whole-torso training images."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull

from .labels import Organ

SPACING_MM = 3.0
"""Of every label map in this file, along each axis."""

Labels = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

_PAD_VOXELS = ((0, 0), (20, 44), (24, 24))
"""Room for fat and skin around the organs."""
_TRUNK = (Organ.LIVER, Organ.SPLEEN, Organ.KIDNEY, Organ.STOMACH, Organ.PANCREAS)
"""Organs whose hull gives the cavity its shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Torso:
    """Everything drawn about one body; lengths in mm, axes (z, y, x)."""

    cavity_margin_mm: float
    """Between organs and the inside of the wall."""
    roundness: float
    """Share of the ellipse, against the hull of the organs, in the shape of the cavity."""
    gap_filled_mm: float
    """Gaps between liver and wall up to this width are wall."""
    wall_mm: float
    fat_mm: float
    fat_lobes: tuple[float, ...]
    """Fourier coefficients of the fat thickness around the body."""
    spine_offset_mm: tuple[float, float]
    """From aorta to the middle of the vertebra, backwards and to the right."""
    vertebra_mm: tuple[float, float]
    """Half axes, to the side and to the front."""
    rib_pitch_mm: float
    rib_slope: float
    rib_phase: float
    recess_mm: float
    """How far the lungs reach down beside the dome of the liver."""
    heart_mm: tuple[float, float, float]
    """Half axes of the heart."""
    heart_place: tuple[float, float, float]
    """Height above the dome below it in half axes, mm in front of the vertebra, mm to the left of it."""


def draw_torso(rng: np.random.Generator) -> Torso:
    """A body, thin to obese; ranges wider than anatomy where it costs nothing (our choice)."""
    u = rng.uniform
    heart = u([38, 32, 45], [58, 52, 72])
    place = u([0.55, 58, 5], [0.95, 92, 40])
    return Torso(
        cavity_margin_mm=float(u(-1, 6)),
        roundness=float(u(0.15, 0.6)),
        gap_filled_mm=float(u(8, 22)) if rng.random() < 0.75 else 0.0,
        wall_mm=float(u(8, 20)),
        fat_mm=float(u(4, 38)),
        fat_lobes=tuple(float(v) for v in rng.normal(0, 0.2, 6)),
        spine_offset_mm=(float(u(28, 42)), float(u(0, 14))),
        vertebra_mm=(float(u(20, 27)), float(u(15, 20))),
        rib_pitch_mm=float(u(26, 38)),
        rib_slope=float(u(0.25, 0.7)),
        rib_phase=float(u(0, 1)),
        recess_mm=float(u(50, 110)),
        heart_mm=(float(heart[0]), float(heart[1]), float(heart[2])),
        heart_place=(float(place[0]), float(place[1]), float(place[2])),
    )


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the painters share; all (z, y, x) or broadcastable to it."""

    organs: Labels
    cavity_mm: Field
    """Signed distance to the wall's inside, negative inside."""
    z: npt.NDArray[np.int_]
    """Slice numbers, shape (nz, 1, 1)."""
    front_mm: Field
    """Distance in front of the middle, shape (1, ny, 1)."""
    back_mm: Field
    """Distance behind the middle of the vertebra."""
    side_mm: Field
    """Distance to the left of the middle of the vertebra."""
    liver_z: tuple[int, int]
    """First and last slice with liver."""


def surround(organs: Labels, torso: Torso) -> Labels:
    """Whole-torso labels (z, y, x) around ``organs``, LPS axes, 3 mm, zero where nothing is known.

    The cavity follows the hull of the trunk organs, the spine follows the aorta, the lungs lie on the domes of liver,
    spleen and stomach. What lies between is ``SOFT_TISSUE``, for the image maker to fill. The organs come out
    unchanged, in a wider array. Must hold liver and aorta.
    """
    scene = _scene(np.pad(organs, _PAD_VOXELS), torso)
    out = _wall(scene, torso)
    inside = scene.cavity_mm < 0
    out[inside] = Organ.SOFT_TISSUE
    _lungs_and_heart(out, inside, scene, torso)
    _close_gaps(out, scene, torso)
    _spine(out, scene, torso)
    known = scene.organs > 0
    out[known] = scene.organs[known]
    return out


def _scene(organs: Labels, torso: Torso) -> _Scene:
    nz, ny, nx = organs.shape
    y, x = np.arange(ny, dtype=np.float32), np.arange(nx, dtype=np.float32)
    liver = np.flatnonzero((organs == Organ.LIVER).any(axis=(1, 2)))
    center_y, center_x = _spine_course(organs, torso)
    back = (y[None, :, None] - center_y[:, None, None]) * np.float32(SPACING_MM)
    side = (x[None, None, :] - center_x[:, None, None]) * np.float32(SPACING_MM)
    around_spine = (np.sqrt((side / 75) ** 2 + ((back - 5) / 52) ** 2) - 1) * 45
    cavity = np.minimum(_cavity(organs, torso) - np.float32(torso.cavity_margin_mm), around_spine)
    return _Scene(
        organs=organs,
        cavity_mm=cavity,
        z=np.arange(nz)[:, None, None],
        front_mm=((ny / 2 - y) * SPACING_MM).astype(np.float32)[None, :, None],
        back_mm=back,
        side_mm=side,
        liver_z=(int(liver[0]), int(liver[-1])),
    )


def _spine_course(organs: Labels, torso: Torso) -> tuple[Field, Field]:
    """Middle of the vertebra in each slice, (y, x) in voxels."""
    points = np.argwhere(organs == Organ.AORTA)
    slices = np.unique(points[:, 0])
    course = [points[points[:, 0] == k, 1:].mean(axis=0) for k in slices]
    z = np.arange(len(organs))
    y, x = (np.interp(z, slices, values) for values in np.transpose(course))
    back, right = torso.spine_offset_mm
    center_y = ndimage.gaussian_filter1d(y, 8, mode="nearest") + back / SPACING_MM
    center_x = ndimage.gaussian_filter1d(x, 12, mode="nearest") - right / SPACING_MM
    return center_y.astype(np.float32), center_x.astype(np.float32)


def _cavity(organs: Labels, torso: Torso) -> Field:
    """Signed distance in mm to a smooth tube around the trunk organs."""
    trunk = np.isin(organs, _TRUNK)
    slices = np.flatnonzero(trunk.any(axis=(1, 2)))
    knots = np.arange(slices[0], slices[-1] + 1, 4)
    reach = int(36 / SPACING_MM)
    hulls = np.stack([_hull_mm(_flat(trunk[max(0, k - reach) : k + reach + 1])) for k in knots])
    ellipse = _ellipse_mm(_flat(trunk))
    shape = np.minimum((1 - torso.roundness) * hulls + torso.roundness * ellipse, ellipse + 12)
    shape = ndimage.gaussian_filter(shape, (3, 2, 2), mode="nearest")
    place = np.clip((np.arange(len(organs)) - knots[0]) / 4, 0, len(knots) - 1)
    low = np.minimum(place.astype(int), len(knots) - 2)
    share = (place - low).astype(np.float32)[:, None, None]
    above_mm = np.clip(np.arange(len(organs)) - slices[-1], 0, None) * SPACING_MM
    below_mm = np.clip(slices[0] - np.arange(len(organs)), 0, None) * SPACING_MM
    taper = (0.0003 * above_mm**2 + 0.00015 * below_mm**2).astype(np.float32)  # chest and waist are narrower
    return np.asarray(shape[low] * (1 - share) + shape[low + 1] * share + taper[:, None, None], np.float32)


def _flat(mask: Bools) -> Bools:
    return np.asarray(mask.any(axis=0))


def _hull_mm(flat: Bools) -> Field:
    """Signed distance to the convex hull of a (y, x) mask."""
    planes = ConvexHull(np.argwhere(flat)).equations
    y, x = np.mgrid[: flat.shape[0], : flat.shape[1]]
    distance = np.max([a * y + b * x + c for a, b, c in planes], axis=0)
    return np.asarray(distance * SPACING_MM, np.float32)


def _ellipse_mm(flat: Bools) -> Field:
    """Distance to the ellipse that fills the box around a (y, x) mask, roughly in mm."""
    middle, half = [], []
    for axis in (1, 0):
        found = np.flatnonzero(flat.any(axis=axis))
        middle.append((found[0] + found[-1]) / 2)
        half.append((found[-1] - found[0]) / 2 + 1)
    y, x = np.mgrid[: flat.shape[0], : flat.shape[1]]
    radius = np.sqrt(((y - middle[0]) / half[0]) ** 2 + ((x - middle[1]) / half[1]) ** 2)
    return np.asarray((radius - 1) * min(half) * SPACING_MM, np.float32)


def _wall(scene: _Scene, torso: Torso) -> Labels:
    """Fat, muscle and ribs; the cavity is filled by others."""
    _, ny, nx = scene.organs.shape
    angle = np.arctan2(np.arange(ny)[:, None] - ny / 2, np.arange(nx)[None] - nx / 2)
    lobes = [a * np.cos((k // 2 + 1) * angle + k % 2 * np.pi / 2) for k, a in enumerate(torso.fat_lobes)]
    thickness = torso.wall_mm + torso.fat_mm * np.clip(1 + np.sum(lobes, axis=0), 0.25, 2)
    out = np.zeros(scene.organs.shape, np.uint8)
    out[scene.cavity_mm < thickness] = Organ.FAT
    out[scene.cavity_mm < torso.wall_mm] = Organ.MUSCLE
    depth = scene.cavity_mm / torso.wall_mm
    out[(depth > 0.1) & (depth < 0.75) & _rib_rings(scene, torso)] = Organ.BONE
    return out


def _rib_rings(scene: _Scene, torso: Torso) -> Bools:
    """Slanted rings, lower at the sides than at the back, none in front of the belly or beside the spine."""
    front, z_mm = scene.front_mm, scene.z * SPACING_MM
    ring = ((z_mm + torso.rib_slope * front) / torso.rib_pitch_mm + torso.rib_phase) % 1 < 0.36
    lowest_mm = scene.liver_z[0] * SPACING_MM - 10 - 0.2 * front + np.where(front > 40, 90, 0)
    cartilage = (front > 75) & (z_mm < scene.liver_z[1] * SPACING_MM + 20)
    return np.asarray(ring & (z_mm > lowest_mm) & (np.abs(scene.side_mm) > 25) & ~cartilage)


def _lungs_and_heart(out: Labels, inside: Bools, scene: _Scene, torso: Torso) -> None:
    low, high = scene.liver_z
    dome = _dome(scene.organs, low, high, torso)
    out[inside & (scene.z > dome[None])] = Organ.LUNG
    side, back = scene.side_mm, scene.back_mm
    out[(np.abs(side + 8) < 28) & (back < -15) & (back > -105) & (scene.z > high - 14) & inside] = Organ.SOFT_TISSUE
    above, forward, left = torso.heart_place
    front, beside = np.abs(back[high] + forward).argmin(), np.abs(side[high] - left).argmin()
    a, b, c = torso.heart_mm
    height_mm = (scene.z - dome[front, beside]) * SPACING_MM - above * a
    heart = (height_mm / a) ** 2 + ((back + forward) / b) ** 2 + ((side - left) / c) ** 2 < 1
    out[heart & inside & (scene.z > dome[None])] = Organ.HEART


def _dome(organs: Labels, low: int, high: int, torso: Torso) -> Field:
    """Slice above which a column of the cavity is lung, shape (y, x)."""
    below = np.isin(organs, (Organ.LIVER, Organ.SPLEEN, Organ.STOMACH))
    known = _flat(below)
    top = np.where(known, len(organs) - 1 - np.argmax(below[::-1], axis=0), 0).astype(np.float32)
    distance, nearest = ndimage.distance_transform_edt(~known, return_indices=True)
    top = top[tuple(nearest)] - 0.9 * distance.astype(np.float32)
    top = np.maximum(top, ndimage.gaussian_filter(top, 2))
    floor = (low + high) / 2 + 12 - torso.recess_mm / SPACING_MM / 2
    return np.asarray(np.maximum(top, floor) + 1, np.float32)


def _close_gaps(out: Labels, scene: _Scene, torso: Torso) -> None:
    """Where the liver all but touches the wall, let it touch."""
    if torso.gap_filled_mm < SPACING_MM:
        return
    start, stop = max(0, scene.liver_z[0] - 2), scene.liver_z[1] + 3
    part = out[start:stop]
    liver = scene.organs[start:stop] == Organ.LIVER
    near = ndimage.distance_transform_edt(~liver, sampling=SPACING_MM) < torso.gap_filled_mm
    shallow = scene.cavity_mm[start:stop] > -torso.gap_filled_mm
    part[near & shallow & np.isin(part, (Organ.SOFT_TISSUE, Organ.LUNG))] = Organ.MUSCLE


def _spine(out: Labels, scene: _Scene, torso: Torso) -> None:
    side, back, z = scene.side_mm, scene.back_mm, scene.z
    low, high = scene.liver_z
    body = out > 0
    wide = np.abs(side)
    below = low - z
    psoas = ((wide - 34) / np.clip(8 + below * 0.25, 6, 20)) ** 2 + (
        (back + 2) / np.clip(10 + below * 0.3, 8, 22)
    ) ** 2 < 1
    crura = ((wide - 22) / 9) ** 2 + ((back + 12) / 16) ** 2 < 1
    out[(((wide - 27) / 22) ** 2 + ((back - 32) / 20) ** 2 < 1) & body] = Organ.MUSCLE
    out[crura & (z < high) & (z > low - 10) & body] = Organ.MUSCLE
    out[psoas & (z < low + 15) & body] = Organ.MUSCLE
    level = (z * SPACING_MM / 32) % 1
    vertebra = (side / torso.vertebra_mm[0]) ** 2 + (back / torso.vertebra_mm[1]) ** 2 < 1
    out[vertebra] = Organ.BONE
    out[vertebra & (level < 0.22)] = Organ.MUSCLE  # a disc
    arch = (side / 16) ** 2 + ((back - 28) / 12) ** 2 < 1
    spinous = (wide < 5) & (back > 25) & (back < 52)
    transverse = (wide < 34) & (np.abs(back - 22) < 5)
    out[(arch | spinous | transverse) & (level > 0.3)] = Organ.BONE
    out[(side / 9) ** 2 + ((back - 24) / 8) ** 2 < 1] = Organ.MUSCLE  # the canal
