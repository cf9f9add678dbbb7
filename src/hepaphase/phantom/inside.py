"""Signs inside a lesion, painted; nothing here changes a lesion without them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from ..base.seeds import stream
from .lesions import Lesion
from .signs import ARTERY, Cone, Signs
from .space import Field, Places, share
from .tissues import Enhancement

Floats = npt.NDArray[np.float64]
Layer = tuple[Floats, Field]
"""HU in NC, AP, PVP, DP, (4,), and share of each voxel."""

GAS_HU, CLEFT_HU, BLOOD_HU, CALCIUM_HU, SOFT_HU = -700.0, 25.0, 68.0, 350.0, 45.0
"""Cleft by the physics notes, B; gas averaged with the froth around it, old blood, calcium and what a calcified rim
encloses are our choice."""
FAT = {"angiomyolipoma": (-40.0, 0.3)}
FATTY = (-15.0, 0.8)
"""HU of fat lobules by the physics notes, B, and their enhancement against the whole lesion's (our choice): of grown
fat, and of cells full of it in anything else."""
_ARTERY_GAIN_HU = 152.0
"""Of ``ARTERY`` in the arterial phase of the reference exam."""
CONE_ANGLE = np.deg2rad(30.0)


@dataclass(frozen=True, slots=True)
class Site:
    """A lesion and the voxels around it."""

    lesion: Lesion
    at: Field
    """Offset from the middle, mm, (3, z, y, x) in the order x, y, z."""
    distance_mm: Field
    """To the surface, negative inside."""
    width_mm: float
    """Of a voxel."""
    rng: np.random.Generator

    @property
    def half_mm(self) -> float:
        """Half the long axis."""
        return self.lesion.long_axis_mm / 2

    def beyond_mm(self, point: Floats) -> Field:
        """Distance of every voxel from ``point``, (3,)."""
        squares = [(a - p) ** 2 for a, p in zip(self.at, point, strict=True)]
        return np.asarray(np.sqrt(sum(squares)))

    def thin(self, distance_mm: Field, thickness_mm: float) -> Field:
        """Share of a wall of ``thickness_mm`` whose middle is at ``distance_mm``, thinner than a voxel or not."""
        part = share(np.asarray(distance_mm - thickness_mm / 2, np.float32), max(self.width_mm, thickness_mm))
        return part * np.float32(min(1.0, thickness_mm / self.width_mm))

    def star(self, rng: np.random.Generator, *, thick_mm: float, num_arms: int, reach: float = 0.55) -> Field:
        """Arms from the middle, as far as ``reach`` of half the long axis."""
        part, width = np.zeros(self.at.shape[1:], np.float32), self.width_mm
        for _ in range(num_arms):
            arm = rng.standard_normal(3)
            arm /= np.linalg.norm(arm)
            along = np.tensordot(arm, self.at, axes=1)
            aside = np.sqrt(np.maximum((self.at**2).sum(axis=0) - along**2, 0))
            outside = np.maximum(-along, along - reach * self.half_mm)
            inside = share(np.asarray(np.maximum(aside - thick_mm / 2, outside), np.float32), max(width, thick_mm))
            part = np.maximum(part, inside * min(1, thick_mm / width))
        return part


def mix(hu: Field, values: Floats, part: Field) -> Field:
    """``values`` (4,) over ``hu`` (4, z, y, x)."""
    part = np.clip(part, 0, 1)
    return np.asarray(hu * (1 - part) + values[:, None, None, None] * part, np.float32)


def still(hu: float) -> Floats:
    """The same in all four phases."""
    return np.full(4, hu)


def arterial_gain_hu(enhancement: Enhancement) -> float:
    """1 at the reference exam: how bright arteries are in the arterial phase of another."""
    hu = enhancement.hu([ARTERY])[0]
    return float((hu[1] - hu[0]) / _ARTERY_GAIN_HU)


def flare_hu(enhancement: Enhancement, gain_hu: float) -> Floats:
    """HU above the liver, (4,), of tissue that arteries feed more: arterial phase, and a tenth of it after."""
    return arterial_gain_hu(enhancement) * gain_hu * np.array([0.0, 1.0, 0.1, 0.0])


def cone_mm(cone: Cone, places: Places) -> Field:
    """Signed distance to a wedge, mm."""
    at = [p - np.float32(c) for p, c in zip((places.x, places.y, places.z), cone.apex, strict=True)]
    along = sum(np.float32(d) * a for d, a in zip(cone.axis, at, strict=True))
    radius = np.sqrt(sum(a**2 for a in at))
    aside = np.sqrt(np.maximum(radius**2 - along**2, 0))
    side = aside * np.cos(CONE_ANGLE) - along * np.sin(CONE_ANGLE)
    return np.asarray(np.maximum(side, radius - cone.length_mm), np.float32)


def cells(site: Site, seeds: Floats) -> tuple[npt.NDArray[np.intp], Field]:
    """Nearest of ``seeds`` (N, 3), and half the difference to the next: about the distance to the wall, mm."""
    squares = np.stack([sum((a - c) ** 2 for a, c in zip(site.at, seed, strict=True)) for seed in seeds])
    owner = np.argmin(squares, axis=0)
    if len(seeds) == 1:
        return owner, np.full(owner.shape, 1e3, np.float32)
    near = np.sqrt(np.partition(squares, 1, axis=0)[:2])
    return owner, np.asarray((near[1] - near[0]) / 2, np.float32)


def lumps_mm(site_at: Field, lesion: Lesion, num: int) -> Field:
    """Signed distance to a lump that shrank and smaller ones beside it, mm."""
    rng = stream(lesion.seed, "lumps")
    half = lesion.long_axis_mm / 2
    places = rng.standard_normal((num, 3))
    places *= 0.85 * half / np.linalg.norm(places, axis=1, keepdims=True)
    centers, sizes = [np.zeros(3), *places], [0.8 * half, *rng.uniform(0.25, 0.45, num) * half]
    radii = (np.sqrt(sum((a - c) ** 2 for a, c in zip(site_at, center, strict=True))) for center in centers)
    return np.asarray(np.min([r - s for r, s in zip(radii, sizes, strict=True)], axis=0), np.float32)


def layers(site: Site, signs: Signs, table: Mapping[str, Floats]) -> Iterator[Layer]:
    """What lies over the parenchyma of a lesion, in order."""
    lesion, half, width = site.lesion, site.half_mm, site.width_mm
    rng = stream(lesion.seed, "inside")
    if signs.raised_core and "rim" in table and lesion.variant == "body":
        yield table["rim"], 0.6 * share(site.distance_mm + 0.6 * half, max(width, 0.2 * half))
    if signs.cleft_mm:
        yield still(CLEFT_HU), site.star(rng, thick_mm=signs.cleft_mm, num_arms=int(rng.integers(2, 5)), reach=0.6)
    if signs.bleed:
        spot = 0.3 * half * rng.standard_normal(3)
        yield still(BLOOD_HU), share(np.asarray(site.beyond_mm(spot) - signs.bleed * half, np.float32), width)
    if signs.num_chambers:
        _, wall = cells(site, rng.normal(0, 0.55 * half, (signs.num_chambers, 3)))
        yield table["rim"], site.thin(wall, signs.septa_mm)
    if signs.gas:
        front = site.at[1] + signs.gas * half
        yield still(GAS_HU), share(np.maximum(site.distance_mm + lesion.rim_mm, front), width)
    if signs.artery_mm:
        yield table["artery"], _artery(site, signs, rng)
    if signs.calcified_rim:
        yield still(SOFT_HU), share(site.distance_mm + max(1.5, 0.3 * half), width)
    elif signs.num_clusters and lesion.lesion_class != "calcification":
        for _ in range(signs.num_clusters):
            spot = rng.normal(0, 0.4 * half, 3)
            gone = site.beyond_mm(spot) - min(float(rng.uniform(0.5, 2.5)), half / 4)
            yield still(CALCIUM_HU), share(np.asarray(gone, np.float32), width)


def _artery(site: Site, signs: Signs, rng: np.random.Generator) -> Field:
    """From the middle out through the surface."""
    axis = rng.standard_normal(3)
    axis /= np.linalg.norm(axis)
    along = np.tensordot(axis, site.at, axes=1)
    aside = np.sqrt(np.maximum((site.at**2).sum(axis=0) - along**2, 0))
    return site.thin(np.maximum(aside, -along + signs.artery_mm), 2 * signs.artery_mm)


def fat_lobules(site: Site, hu: Field, signs: Signs, *, keep_mean: bool) -> Field:
    """Lobules of fat of 3 mm or more in parenchyma ``hu``; with ``keep_mean`` the rest holds the less."""
    rng = stream(site.lesion.seed, "lobules")
    waves = rng.standard_normal((8, 3)) * 0.35
    phases = rng.uniform(0, 2 * np.pi, 8)
    field = sum(np.cos(np.tensordot(w, site.at, axes=1) + p) for w, p in zip(waves, phases, strict=True)) / 2.0
    part = np.clip(0.5 + (field - ndtri(1 - signs.lobules)) / 0.8, 0, 1).astype(np.float32)
    gain = hu - hu[:1]
    fat_hu, flow = FAT.get(site.lesion.variant, FATTY)
    fat = fat_hu + flow * gain
    if keep_mean:
        inside = site.distance_mm < 0
        held = float(part[inside].mean()) if inside.any() else signs.lobules
        hu = np.asarray((hu - held * fat) / (1 - held), np.float32)
    return np.asarray(hu + (fat - hu) * part, np.float32)
