"""Signs around a lesion: capsule pulled in, wide ducts, blocked vein, liver that arteries feed more."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..study.geometry import Xyz
from .anatomy import Anatomy, liver_distance_mm, surface_values
from .inside import cone_mm, flare_hu, still
from .labels import Organ
from .lesions import Lesion
from .signs import Around, Cone, Dent, Tube
from .space import Box, Field, Places, segment_mm, share
from .tissues import Enhancement

Floats = npt.NDArray[np.float64]

RETRACTION = 0.3
"""Of carcinomas of bile ducts within 10 mm of the surface; this and the next four by the physics notes, B."""
DILATATION = 0.4
THROMBUS = 0.1
"""Of carcinomas of liver cells above 50 mm."""
FLARE = 0.4
"""Of abscesses."""
PSEUDO_CIRRHOSIS = 0.05
"""Of livers with metastases of a breast cancer."""
_NEAR_MM, _LARGE_MM = 10.0, 50.0
_THROMBUS_MM = 2.0
"""Radius of the narrowest branch that is blocked (our choice)."""


class Canvas(Protocol):
    """What is painted on."""

    hu: Field
    columns: slice

    def mix(self, values: Sequence[float] | Floats, part: Field, box: Box | None = None) -> None:
        """Paint HU of the four phases, labels untouched."""


def draw_around(seed: int, lesions: Sequence[Lesion], anatomy: Anatomy) -> list[Lesion]:
    """The lesions with what they do around them; wedges turned towards the surface."""
    hilum = hilum_of(anatomy)
    out = [_one(lesion, anatomy, hilum) for lesion in lesions]
    first = next((k for k, one in enumerate(out) if one.signs and one.signs.kind == "breast"), None)
    rng = stream(seed, "pseudo-cirrhosis")
    if first is not None and rng.random() < PSEUDO_CIRRHOSIS:
        out[first] = replace(out[first], around=Around(dents=_many_dents(anatomy, rng)))
    return out


def _one(lesion: Lesion, anatomy: Anatomy, hilum: Floats) -> Lesion:
    signs = lesion.signs
    if signs is None or signs.kind == "satellite":
        return lesion
    axis = np.asarray(lesion.center) - hilum
    axis /= max(float(np.linalg.norm(axis)), 1e-6)
    if signs.wedge_axis:
        return replace(lesion, signs=replace(signs, wedge_axis=_xyz(axis)))
    rng = stream(lesion.seed, "around")
    around = Around()
    if lesion.lesion_class == "icc":
        around = _of_icc(lesion, anatomy, axis, rng)
    elif lesion.lesion_class == "hcc" and rng.random() < THROMBUS and lesion.long_axis_mm > _LARGE_MM:
        around = Around(thrombus=_blocked(lesion, anatomy))
    elif signs.kind == "abscess" and rng.random() < FLARE:
        length = lesion.long_axis_mm + float(rng.uniform(25, 45))
        apex = np.asarray(lesion.center) - 0.5 * lesion.long_axis_mm * axis
        around = Around(
            flare=Cone(apex=_xyz(apex), axis=_xyz(axis), length_mm=length), flare_hu=20 * float(rng.lognormal(0, 0.2))
        )
    return lesion if around == Around() else replace(lesion, around=around)


def hilum_of(anatomy: Anatomy) -> Floats:
    """Where the widest portal vein ends, xyz mm."""
    portal = [one for one in anatomy.vessels if one.organ is Organ.PORTAL_VEIN]
    return np.asarray(max(portal, key=lambda one: one.radius_mm).end, float)


def _of_icc(lesion: Lesion, anatomy: Anatomy, axis: Floats, rng: np.random.Generator) -> Around:
    pulled, wide = rng.random() < RETRACTION, rng.random() < DILATATION
    depth, width = float(rng.uniform(3, 10)), float(rng.uniform(10, 16))
    hu = float(rng.uniform(5, 10))
    ducts = _ducts(lesion, axis, rng) if wide else ()
    point = _nearest_surface(anatomy, lesion) if pulled else None
    dents = (Dent(point=point, depth_mm=depth, width_mm=width),) if point else ()
    return Around(dents=dents, ducts=ducts, duct_hu=hu) if dents or ducts else Around()


def _ducts(lesion: Lesion, axis: Floats, rng: np.random.Generator) -> tuple[Tube, ...]:
    """Three to five ducts upstream of the lesion, each forking once; widths and lengths are our choice."""
    tubes = []
    for _ in range(int(rng.integers(3, 6))):
        direction = _turned(axis, 0.7, rng)
        start = np.asarray(lesion.center) + 0.4 * lesion.long_axis_mm * direction
        fork = start + float(rng.uniform(15, 30)) * direction
        radius = float(rng.uniform(1.8, 3.5))
        tubes.append(Tube(start=_xyz(start), end=_xyz(fork), radius_mm=radius))
        for _ in range(2):
            end = fork + float(rng.uniform(10, 25)) * _turned(direction, 0.5, rng)
            tubes.append(Tube(start=_xyz(fork), end=_xyz(end), radius_mm=0.65 * radius))
    return tuple(tubes)


def _turned(axis: Floats, spread: float, rng: np.random.Generator) -> Floats:
    values = axis + spread * rng.standard_normal(3) / np.sqrt(3)
    return np.asarray(values / np.linalg.norm(values))


def _blocked(lesion: Lesion, anatomy: Anatomy) -> tuple[Tube, ...]:
    """The portal branch nearest to the lesion, and the one that feeds it."""
    branches = [v for v in anatomy.vessels if v.organ is Organ.PORTAL_VEIN and v.radius_mm >= _THROMBUS_MM]
    center = np.asarray(lesion.center)
    order = sorted(branches, key=lambda v: float(np.linalg.norm((np.asarray(v.start) + v.end) / 2 - center)))
    if not order:
        return ()
    nearest = order[0]
    feeding = [v for v in branches if np.allclose(v.end, nearest.start, atol=1e-6)]
    return tuple(Tube(start=v.start, end=v.end, radius_mm=1.15 * v.radius_mm) for v in [nearest, *feeding[:1]])


def _nearest_surface(anatomy: Anatomy, lesion: Lesion) -> Xyz | None:
    """The point of the liver's surface nearest to a lesion, if it is within 10 mm of it."""
    reach = lesion.long_axis_mm / 2 + _NEAR_MM
    axes = [np.arange(c - reach, c + reach + 1, 2.0, dtype=np.float32) for c in lesion.center[::-1]]
    outside, (z, y, x) = _outside(anatomy, (axes[0], axes[1], axes[2]))
    points = np.stack([x[outside], y[outside], z[outside]], axis=1)
    gap = np.linalg.norm(points - np.asarray(lesion.center), axis=1)
    if not len(points) or gap.min() > reach:
        return None
    return _xyz(points[int(np.argmin(gap))].astype(float))


def _many_dents(anatomy: Anatomy, rng: np.random.Generator) -> tuple[Dent, ...]:
    """Six to ten shallow ones all over the surface."""
    axis = np.arange(-160, 161, 8, dtype=np.float32)
    outside, (z, y, x) = _outside(anatomy, (axis, axis, axis), to_mm=8.0)
    points = np.stack([x[outside], y[outside], z[outside]], axis=1)
    chosen = points[rng.choice(len(points), int(rng.integers(6, 11)), replace=False)]
    return tuple(Dent(point=_xyz(p.astype(float)), depth_mm=float(rng.uniform(4, 9)), width_mm=13.0) for p in chosen)


def _outside(
    anatomy: Anatomy, axes: tuple[Field, Field, Field], *, to_mm: float = np.inf
) -> tuple[npt.NDArray[np.bool_], tuple[Field, Field, Field]]:
    """Where a grid is outside the liver by less than ``to_mm``, and its places z, y, x."""
    z, y, x = np.meshgrid(*axes, indexing="ij")
    distance = liver_distance_mm(anatomy, Places(x, y, z), surface_values(anatomy, axes))
    return (distance > 0) & (distance < to_mm), (z, y, x)


def dented(liver_mm: Field, places: Places, lesions: Sequence[Lesion]) -> Field:
    """Signed distance to the liver, mm, with its surface pulled in where a lesion does that."""
    for dent in (dent for one in lesions if one.around for dent in one.around.dents):
        reach = 3.5 * dent.width_mm
        box = places.box(dent.point, (reach, reach, reach))
        here = places.cut(box)
        square = sum((p - np.float32(c)) ** 2 for p, c in zip((here.x, here.y, here.z), dent.point, strict=True))
        liver_mm[box] += np.float32(dent.depth_mm) * np.exp(np.float32(-0.5 / dent.width_mm**2) * square)
    return liver_mm


def paint_around(
    canvas: Canvas, lesion: Lesion, places: Places, liver: Field, *, enhancement: Enhancement, width_mm: float
) -> None:
    """Flare, ducts and thrombus of one lesion, within the liver; ``liver`` is the share of each voxel."""
    around = lesion.around
    if around is None:
        return
    if around.flare:
        part = share(cone_mm(around.flare, places), 2 * width_mm) * liver
        change = flare_hu(enhancement, around.flare_hu)[canvas.columns]
        for volume, value in zip(canvas.hu, change, strict=True):
            volume += np.float32(value) * part
    own_hu = enhancement.hu([lesion.tissues.get(lesion.variant, lesion.tissues["body"])])[0]
    for tubes, values in ((around.ducts, still(around.duct_hu)), (around.thrombus, own_hu)):
        for tube in tubes:
            _paint_tube(canvas, tube, values, places, liver, width_mm)


def _paint_tube(canvas: Canvas, tube: Tube, values: Floats, places: Places, liver: Field, width_mm: float) -> None:
    middle = (np.asarray(tube.start) + tube.end) / 2
    reach = np.abs(np.subtract(tube.end, tube.start)) / 2 + tube.radius_mm + width_mm
    box = places.box(_xyz(middle), _xyz(reach))
    distance = segment_mm(places.cut(box), tube.start, tube.end, tube.radius_mm)
    part = share(distance, max(width_mm, tube.radius_mm)) * np.float32(min(1.0, 2 * tube.radius_mm / width_mm))
    canvas.mix(values, part * liver[box], box)


def _xyz(values: Floats) -> Xyz:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
