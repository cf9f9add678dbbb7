"""Organs of one label map made bigger, smaller and of another shape, each by itself."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.seeds import stream
from .labels import Organ
from .smooth import smooth_noise
from .torso import SPACING_MM, Labels

Vector = tuple[float, float, float]

_ROOM_MM = 40.0
"""How far an organ may grow beyond its box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lobe:
    """An ellipsoid added to the liver; mm, axes (z, y, x)."""

    shift_mm: Vector
    """Of its middle, from the part of the liver it grows out of."""
    half_mm: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """Everything drawn about the organs of one body."""

    grow_mm: dict[str, float]
    """Organ name to how far its surface moves outward."""
    bumps_mm: dict[str, float]
    """Organ name to how uneven the surface becomes, standard deviation."""
    cell_mm: float
    """Width of the bumps."""
    left_lobe: Lobe | None
    right_lobe: Lobe | None
    seed: int


_GIVES_WAY = (Organ.LIVER, Organ.HEPATIC_VEIN, Organ.LUNG, Organ.STOMACH, Organ.SOFT_TISSUE, Organ.FAT)
"""To a heart that sinks."""

_GROWTH_MM = {
    Organ.LIVER: (-4.0, 8.0, 8.0),
    Organ.SPLEEN: (-5.0, 12.0, 4.0),
    Organ.KIDNEY: (-3.0, 4.0, 2.0),
    Organ.STOMACH: (-24.0, 3.0, 8.0),
    Organ.GALLBLADDER: (-2.0, 9.0, 2.0),
}
"""Least and most growth and most bumps; the liver comes first, so that the others take from it what is theirs."""


def draw_shapes(rng: np.random.Generator) -> Shapes:
    """Other sizes, a left lobe that reaches across the stomach, a right one that hangs down (Riedel's).

    Half of all bodies get either; one real map has one shape of liver, and a network learns it by heart (our choice).
    """
    u = rng.uniform
    left = Lobe(shift_mm=_vector(u([-30, -20, 0], [10, 5, 50])), half_mm=_vector(u([20, 12, 30], [45, 30, 80])))
    right = Lobe(shift_mm=_vector(u([-60, -10, -8], [-10, 10, 8])), half_mm=_vector(u([35, 22, 15], [75, 45, 32])))
    return Shapes(
        grow_mm={organ.name: float(u(low, high)) for organ, (low, high, _) in _GROWTH_MM.items()},
        bumps_mm={organ.name: float(u(0, bumps)) for organ, (_, _, bumps) in _GROWTH_MM.items()},
        cell_mm=float(u(30, 75)),
        left_lobe=left if rng.random() < 0.5 else None,
        right_lobe=right if rng.random() < 0.4 else None,
        seed=int(rng.integers(2**31)),
    )


def reshape_organs(organs: Labels, shapes: Shapes) -> Labels:
    """Organs (z, y, x) at 3 mm with other shapes; what an organ gives up becomes zero, what it takes is its own.

    The aorta, and every organ not named in ``shapes``, stays and is never grown over.
    """
    out = organs.copy()
    for lobe, where in ((shapes.left_lobe, _left_root), (shapes.right_lobe, _right_root)):
        if lobe is not None:
            _add_lobe(out, lobe, where(organs), shapes)
    for organ in _GROWTH_MM:
        if (out == organ).any():
            _move_surface(out, organ, shapes)
    return out


def sunken_heart(labels: Labels, depth_mm: float) -> Labels:
    """A body whose heart reaches ``depth_mm`` further down, deepest in its middle, as one that lies on the left lobe.

    Drawn hearts end flat above the liver. Real ones sink into it beside the dome, and a network that has never seen the
    two side by side takes the lower half of the heart for liver. Liver, lung, stomach and soft tissue give way; bones,
    muscle and great vessels do not. The profile is our choice.
    """
    heart = labels == Organ.HEART
    footprint = heart.any(axis=0)
    if not footprint.any() or depth_mm <= 0:
        return labels
    inward = ndimage.distance_transform_edt(np.pad(footprint, 1))[1:-1, 1:-1]
    depth = depth_mm / SPACING_MM * np.sqrt(np.clip(2 * inward / inward.max(), 0, 1))
    lowest = np.where(footprint, heart.argmax(axis=0), labels.shape[0])
    z = np.arange(labels.shape[0])[:, None, None]
    reached = footprint & (z < lowest) & (z >= lowest - depth)
    out = labels.copy()
    out[reached & np.isin(labels, _GIVES_WAY)] = Organ.HEART
    return out


def _left_root(organs: Labels) -> npt.NDArray[np.float64]:
    """Middle of the liver to the left of the aorta, else of its left-most tenth."""
    liver = np.argwhere(organs == Organ.LIVER)
    midline = np.argwhere(organs == Organ.AORTA)[:, 2].mean()
    left = liver[liver[:, 2] > midline]
    if len(left) < 200:
        left = liver[liver[:, 2] >= np.quantile(liver[:, 2], 0.9)]
    return np.asarray(left.mean(axis=0))


def _right_root(organs: Labels) -> npt.NDArray[np.float64]:
    """Middle of the lowest quarter of the liver."""
    liver = np.argwhere(organs == Organ.LIVER)
    return np.asarray(liver[liver[:, 0] <= np.quantile(liver[:, 0], 0.25)].mean(axis=0))


def _add_lobe(out: Labels, lobe: Lobe, root: npt.NDArray[np.float64], shapes: Shapes) -> None:
    middle = root + np.asarray(lobe.shift_mm) / SPACING_MM
    z, y, x = np.ogrid[tuple(slice(0, n) for n in out.shape)]
    radius = sum(((axis - c) * SPACING_MM / h) ** 2 for axis, c, h in zip((z, y, x), middle, lobe.half_mm, strict=True))
    uneven = 0.2 * smooth_noise(
        stream(shapes.seed, "lobe", str(lobe.half_mm)), _shape(out), shapes.cell_mm / SPACING_MM
    )
    out[(radius + uneven < 1) & _free(out, Organ.LIVER)] = Organ.LIVER


def _move_surface(out: Labels, organ: Organ, shapes: Shapes) -> None:
    box = ndimage.find_objects((out == organ).astype(np.uint8))[0]
    room = int(_ROOM_MM / SPACING_MM)
    part = out[tuple(slice(max(0, s.start - room), s.stop + room) for s in box)]
    inside = part == organ
    distance = ndimage.distance_transform_edt(~inside, sampling=SPACING_MM)
    distance -= ndimage.distance_transform_edt(inside, sampling=SPACING_MM)
    rng = stream(shapes.seed, "surface", organ.name)
    bumps = shapes.bumps_mm[organ.name] * smooth_noise(rng, _shape(part), shapes.cell_mm / SPACING_MM)
    wanted = distance < shapes.grow_mm[organ.name] + bumps
    part[inside & ~wanted] = 0
    part[wanted & _free(part, organ)] = organ
    pieces, num = ndimage.label(part == organ)
    if num > 1 and organ != Organ.KIDNEY:
        part[(pieces > 0) & (pieces != 1 + np.bincount(pieces.ravel())[1:].argmax())] = 0


def _free(part: Labels, organ: Organ) -> npt.NDArray[np.bool_]:
    """Where ``organ`` may grow."""
    yields = {Organ.LIVER: (0, Organ.STOMACH), Organ.GALLBLADDER: (0, Organ.LIVER), Organ.SPLEEN: (0, Organ.STOMACH)}
    return np.isin(part, yields.get(organ, (0,)))


def _shape(array: Labels) -> tuple[int, int, int]:
    z, y, x = array.shape
    return (z, y, x)


def _vector(values: npt.ArrayLike) -> Vector:
    z, y, x = (float(v) for v in np.asarray(values).ravel())
    return (z, y, x)
