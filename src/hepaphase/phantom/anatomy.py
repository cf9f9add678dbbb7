"""A procedural abdomen: shapes drawn once per patient, painted onto any grid.

Positions are LPS mm about the middle of the body at the height of the liver's middle: x to the patient's left, y to
the back, z to the head. Sizes are those of an adult of 70 kg, jittered and scaled; the values are our choice, set by
eye against public CT.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..study.geometry import Xyz
from .disease import HEALTHY, Signs
from .labels import Organ
from .space import (
    Box,
    Field,
    Places,
    ellipsoid_box,
    ellipsoid_mm,
    read_lattice,
    segment_mm,
    share,
    slabs,
    smooth_values,
)
from .trees import Vasculature
from .tubes import Tubes
from .vessels import Segment, grow_tree

WARP_SD_MM = 4.0
RIB_PITCH_MM = 31.0
VERTEBRA_MM = 33.0
NEIGHBOR_GAP_MM = 1.5


@dataclass(frozen=True, slots=True)
class Blob:
    """An ellipsoid of one organ."""

    organ: Organ
    center: Xyz
    half_mm: Xyz


@dataclass(frozen=True, slots=True)
class Stretch:
    """Vessels that are painted together."""

    organ: Organ
    tubes: Tubes
    tree: str = ""
    """Name of the liver's own tree, if it is one."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Everything drawn about one body."""

    scale: float
    """Against the adult of 70 kg."""
    outline_mm: tuple[float, float]
    """Half axes of the skin, to the side and to the front."""
    fat_mm: float
    wall_mm: float
    liver: tuple[Blob, ...]
    blobs: tuple[Blob, ...]
    """Organs in the order of painting."""
    vessels: tuple[Segment, ...]
    ribs: tuple[float, float]
    """Height of one of them in the middle plane, and how steeply they fall towards the front."""
    disc_mm: float
    """Height of one of the discs between vertebrae."""
    warp_mm: tuple[Field, Field, Field]
    """Lattice fields that bend the body, along x, y and z."""
    surface_mm: Field
    """Lattice field that roughens the liver."""
    cirrhosis: bool
    signs: Signs = HEALTHY
    """Of liver disease; those of the reference cohorts."""
    nodules: Field | None = None
    """Lattice field of unit variance, the pattern of regenerative nodules."""
    hollows: tuple[Blob, ...] = ()
    """Organs the liver gives way to."""
    fissures: tuple[Blob, ...] = ()
    """Fat that cuts into the liver."""
    vasculature: Vasculature | None = None
    """Grown trees and the borders of segments; None where ``vessels`` has all there is."""
    stretches: tuple[Stretch, ...] = ()
    """Every vessel of a body with grown trees, in the order of painting."""


def draw_anatomy(seed: int, *, weight_kg: float, cirrhosis: bool) -> Anatomy:
    """One body."""
    rng = stream(seed, "anatomy")
    scale = float((weight_kg / 70) ** (1 / 3) * rng.lognormal(0, 0.04))
    stout = weight_kg / 70
    liver = _liver(rng, scale, cirrhosis)
    lattice = 12.0 if cirrhosis else 25.0
    return Anatomy(
        scale=scale,
        outline_mm=(160 * stout**0.4 * float(rng.normal(1, 0.04)), 112 * stout**0.5 * float(rng.normal(1, 0.04))),
        fat_mm=float(np.clip(14 * stout**1.5 * rng.lognormal(0, 0.35), 4, 45)),
        wall_mm=float(rng.uniform(9, 18)),
        liver=liver,
        blobs=_organs(rng, scale, cirrhosis),
        vessels=_vessels(rng, scale),
        ribs=(float(rng.uniform(0, RIB_PITCH_MM)), float(rng.uniform(0.5, 0.75))),
        disc_mm=float(rng.uniform(0, VERTEBRA_MM)),
        warp_mm=(_warp(rng), _warp(rng), _warp(rng)),
        surface_mm=smooth_values(rng, sd=2.0 if cirrhosis else 1.5, lattice_mm=lattice),
        cirrhosis=cirrhosis,
    )


def _warp(rng: np.random.Generator) -> Field:
    return smooth_values(rng, sd=WARP_SD_MM)


def _blob(rng: np.random.Generator, organ: Organ, center: Xyz, half: Xyz, *, scale: float, jitter: float) -> Blob:
    moved = np.asarray(center) * scale + rng.normal(0, jitter, 3)
    sized = np.asarray(half) * scale * rng.lognormal(0, 0.08, 3)
    return Blob(organ, _xyz(moved), _xyz(sized))


def _liver(rng: np.random.Generator, scale: float, cirrhosis: bool) -> tuple[Blob, ...]:
    """Right lobe with a tongue downwards, left lobe across the midline, caudate; cirrhosis shifts the balance."""
    right, left = (0.92, 1.12) if cirrhosis else (1.0, 1.0)
    parts = (
        ((-72, -2, 8), (68 * right, 78 * right, 70 * right)),
        ((-84, 12, -38), (46 * right, 54 * right, 68 * right)),
        ((-20, -38, 24), (66 * left, 44 * left, 44 * left)),
        ((32, -50, 30), (50 * left, 30 * left, 30 * left)),
        ((-16, 8, 20), (22 * left, 22 * left, 34 * left)),
    )
    size = float(0.92 * rng.lognormal(0, 0.07))
    return tuple(_blob(rng, Organ.LIVER, c, (h[0] * size, h[1] * size, h[2] * size), scale=scale, jitter=3)
                 for c, h in parts)  # fmt: skip


def _organs(rng: np.random.Generator, scale: float, cirrhosis: bool) -> tuple[Blob, ...]:
    big = 1.3 if cirrhosis else 1.0
    rows: list[tuple[Organ, Xyz, Xyz]] = [
        (Organ.HEART, (22, -38, 128), (52, 48, 50)),
        (Organ.STOMACH, (66, -30, 26), (44, 46, 52)),
        (Organ.STOMACH, (30, -50, -14), (52, 26, 24)),
        (Organ.SPLEEN, (104, 38, 22), (26 * big, 44 * big, 46 * big)),
        (Organ.PANCREAS, (12, -6, -22), (52, 14, 15)),
        (Organ.PANCREAS, (-24, -8, -36), (18, 16, 22)),
        (Organ.BOWEL, (-34, -28, -62), (26, 22, 30)),
        (Organ.KIDNEY, (-62, 46, -62), (28, 25, 52)),
        (Organ.KIDNEY, (64, 46, -46), (28, 25, 54)),
        (Organ.GALLBLADDER, (-44, -48, -44), (13, 14, 27)),
    ]
    for _ in range(12):
        center = (float(rng.uniform(-90, 100)), float(rng.uniform(-70, 10)), float(rng.uniform(-190, -75)))
        rows.append((Organ.BOWEL, center, (float(rng.uniform(18, 34)), 22.0, float(rng.uniform(16, 30)))))
    return tuple(_blob(rng, organ, c, h, scale=scale, jitter=4) for organ, c, h in rows)


def _vessels(rng: np.random.Generator, scale: float) -> tuple[Segment, ...]:
    def tube(organ: Organ, start: Xyz, end: Xyz, radius_mm: float) -> Segment:
        return Segment(organ, _xyz(np.multiply(start, scale)), _xyz(np.multiply(end, scale)), radius_mm * scale)

    hilum: Xyz = (-34, -2, -6)
    trunk = [
        tube(Organ.AORTA, (14, 34, -220), (10, 36, 200), 10.5),
        tube(Organ.IVC, (-20, 28, -220), (-22, 22, 10), 10.5),
        tube(Organ.IVC, (-22, 22, 10), (-18, 12, 90), 11.5),
        tube(Organ.PORTAL_VEIN, (2, -2, -34), hilum, 6.5),
        tube(Organ.PORTAL_VEIN, (70, 20, 4), (2, -2, -34), 4.0),
    ]
    portal = [
        *grow_tree(rng, Organ.PORTAL_VEIN, hilum, (-1.0, 0.25, 0.15), 5.0, scale=scale),
        *grow_tree(rng, Organ.PORTAL_VEIN, hilum, (0.75, -0.6, 0.5), 4.2, scale=scale),
    ]
    top: Xyz = (-20, 14, 62)
    hepatic = [
        piece
        for direction in ((-1.0, 0.25, -0.45), (-0.55, -0.9, -0.5), (0.6, -0.8, -0.35))
        for piece in grow_tree(rng, Organ.HEPATIC_VEIN, top, direction, 4.6, scale=scale)
    ]
    return (*hepatic, *portal, *trunk)


def _xyz(values: npt.ArrayLike) -> Xyz:
    x, y, z = (float(v) for v in np.asarray(values).ravel())
    return (x, y, z)


def liver_distance_mm(anatomy: Anatomy, places: Places, surface: Field, skin: Field | None = None) -> Field:
    """Signed distance to the liver, mm; ``surface`` is its roughness, ``skin`` the body's distance on the same grid."""
    distance = np.full(places.x.shape, 1e3, np.float32)
    for blob in anatomy.liver:
        distance = _smooth_union(distance, ellipsoid_mm(places, blob.center, blob.half_mm), 14.0)
    skin = body_distance_mm(anatomy, places) if skin is None else skin
    inside_wall = skin + anatomy.fat_mm + anatomy.wall_mm
    if anatomy.signs.ascites_mm:  # fluid keeps it off the wall and shows its surface there, too
        inside_wall += 0.8 * anatomy.signs.ascites_mm + surface
    out = np.asarray(np.maximum(distance + surface, inside_wall), np.float32)
    for blob in (*anatomy.hollows, *anatomy.fissures):
        box = ellipsoid_box(places, blob.center, blob.half_mm, 2 * NEIGHBOR_GAP_MM)
        neighbor = ellipsoid_mm(places.cut(box), blob.center, blob.half_mm)
        np.maximum(out[box], NEIGHBOR_GAP_MM - neighbor, out=out[box])
    return out


def surface_values(anatomy: Anatomy, axes_mm: tuple[Field, Field, Field]) -> Field:
    """Roughness of the liver on a grid with axes z, y, x, mm: a smooth field, and round nodules with clefts between."""
    surface = read_lattice(anatomy.surface_mm, axes_mm)
    if anatomy.nodules is not None:
        surface += np.float32(anatomy.signs.nodule_mm) * (0.8 - np.abs(read_lattice(anatomy.nodules, axes_mm)))
    return surface


def body_distance_mm(anatomy: Anatomy, places: Places) -> Field:
    """Signed distance to the skin, mm; a superellipse in each slice."""
    a, b = anatomy.outline_mm
    u, v = np.abs(places.x / a), np.abs(places.y / b)
    radius = (u**2.4 + v**2.4) ** (1 / 2.4) + 1e-6
    return np.asarray((radius - 1) * min(a, b), np.float32)


def _smooth_union(one: Field, other: Field, width_mm: float) -> Field:
    out = np.empty_like(one)
    for run in slabs(one.shape):
        overlap = one[run] - other[run]
        np.abs(overlap, out=overlap)
        np.subtract(width_mm, overlap, out=overlap)
        np.maximum(overlap, 0, out=overlap)
        overlap /= width_mm
        overlap *= overlap
        overlap *= width_mm
        overlap /= 4
        np.subtract(np.minimum(one[run], other[run]), overlap, out=out[run])
    return out


Layer = tuple[Organ, Field, Box | None]
"""An organ, its share of the voxels, and where on the grid these lie; None for everywhere."""


def wall_shares(anatomy: Anatomy, places: Places, skin: Field, width_mm: float) -> list[Layer]:
    """Body, muscle wall, inner fat, spine and ribs, in the order of painting; ``skin`` is the body's distance."""
    outer = skin + anatomy.fat_mm
    inner = outer + anatomy.wall_mm
    layers: list[Layer] = [
        (Organ.FAT, share(skin, width_mm), None),
        (Organ.MUSCLE, share(outer, width_mm), None),
        (Organ.FAT, share(inner, width_mm), None),
    ]
    s = anatomy.scale
    for side in (-1.0, 1.0):
        layers += [
            _muscle(places, (side * 40 * s, 58 * s, -110 * s), (20 * s, 18 * s, 75 * s), width_mm),
            _muscle(places, (side * 34 * s, 92 * s, 0.0), (28 * s, 18 * s, 1000.0), width_mm),
        ]
    layers += _spine(anatomy, places, width_mm)
    first, slope = anatomy.ribs
    along = 0.8 * to_nearest(places.z - first - slope * places.y, RIB_PITCH_MM * s) - 5.0
    ribs = np.maximum(np.maximum(along, np.abs(inner - 4.0) - 4.5), -110 * s - places.z)
    return [*layers, (Organ.BONE, share(ribs, width_mm), None)]


def _muscle(places: Places, center: Xyz, half_mm: Xyz, width_mm: float) -> Layer:
    box = ellipsoid_box(places, center, half_mm, width_mm)
    return Organ.MUSCLE, share(ellipsoid_mm(places.cut(box), center, half_mm), width_mm), box


def _spine(anatomy: Anatomy, places: Places, width_mm: float) -> list[Layer]:
    """Vertebrae, and the discs between them."""
    s = anatomy.scale
    box = ellipsoid_box(places, (0.0, 77.5 * s, 0.0), (23 * s, 32.5 * s, 1000.0), 2 * width_mm)
    here = places.cut(box)
    vertebra = ellipsoid_mm(here, (0.0, 62 * s, 0.0), (23 * s, 17 * s, 1000.0))
    spinous = ellipsoid_mm(here, (0.0, 92 * s, 0.0), (6 * s, 18 * s, 1000.0))
    disc = np.maximum(vertebra, to_nearest(here.z - anatomy.disc_mm, VERTEBRA_MM * s) - 4.0)
    return [
        (Organ.BONE, share(np.minimum(vertebra, spinous), width_mm), box),
        (Organ.MUSCLE, share(disc, width_mm), box),
    ]


def to_nearest(height_mm: Field, pitch_mm: float) -> Field:
    """Distance to the nearest multiple of ``pitch_mm``."""
    return np.asarray(np.abs(height_mm - pitch_mm * np.round(height_mm / pitch_mm)), np.float32)


def chest_share(anatomy: Anatomy, places: Places, liver: Field, skin: Field, width_mm: float) -> Field:
    """Lung: inside the ribs, above the domes of the diaphragm (over liver on the right, over stomach on the left)."""
    s = anatomy.scale
    inner = skin + anatomy.fat_mm + anatomy.wall_mm
    right = ellipsoid_mm(places, (-72 * s, 0.0, -60 * s), (105 * s, 105 * s, 146 * s))
    left = ellipsoid_mm(places, (70 * s, 0.0, -60 * s), (95 * s, 105 * s, 138 * s))
    below = np.minimum(np.minimum(right, left), liver - (4.0 + anatomy.signs.ascites_mm))
    return share(np.maximum(np.maximum(inner, -below), -(places.z - 10 * s)), width_mm)


def vessel_share(segment: Segment, places: Places, width_mm: float) -> tuple[tuple[slice, slice, slice], Field]:
    """Where one vessel can be, and its share of the voxels there."""
    middle = _xyz((np.asarray(segment.start) + np.asarray(segment.end)) / 2)
    reach = _xyz(np.abs(np.subtract(segment.end, segment.start)) / 2 + segment.radius_mm + width_mm)
    box = places.box(middle, reach)
    distance = segment_mm(places.cut(box), segment.start, segment.end, segment.radius_mm)
    return box, share(distance, max(width_mm, 2 * segment.radius_mm * 0.5)) * min(1.0, 2 * segment.radius_mm / width_mm)
