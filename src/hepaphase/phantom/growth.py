"""How a drawn lesion looks: its shape and its HU in every phase, on any grid."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..study.lesions import LESION_CLASSES, Tissue
from .inside import Site, cells, cone_mm, fat_lobules, flare_hu, layers, lumps_mm, mix
from .lesions import Lesion
from .signs import Cone, Signs
from .space import Field, Places, share
from .tissues import Enhancement

Floats = npt.NDArray[np.float64]
Box = tuple[slice, slice, slice]

NECROSIS_HU, FAT_HU, CALCIUM_HU = 25.0, -15.0, 350.0
UNEVEN_SD, UNEVEN_PER_MM = 0.15, 0.18
_FILL_STEPS = 6
_HALO_MM = 7.0


@dataclass(frozen=True, slots=True)
class Painted:
    """A lesion on a part of the grid."""

    box: Box
    share: Field
    """Of each voxel, (z, y, x)."""
    hu: Field
    """In NC, AP, PVP, DP, (4, z, y, x)."""
    halo: Field
    """Share of reactive tissue around it that is not lesion."""
    halo_hu: Floats
    """(4,)."""


def paint(lesion: Lesion, places: Places, enhancement: Enhancement, width_mm: float) -> Painted:
    """A lesion on the grid of ``places``, whose voxels are ``width_mm`` across.

    What is random about its looks comes from the lesion's own seed, in an order that does not depend on the grid: the
    same drawn lesion looks the same on any grid.
    """
    reach = lesion.long_axis_mm * 0.625 + 2 * _HALO_MM
    box = places.box(lesion.center, (reach, reach, reach))
    here = places.cut(box)
    rng = np.random.Generator(np.random.PCG64(lesion.seed))
    at = np.stack([p - c for p, c in zip((here.x, here.y, here.z), lesion.center, strict=True)])
    distance, edge_mm = _surface(lesion, at, here, rng)
    table = _tissue_hu(lesion, enhancement)
    part = share(distance, float(np.hypot(width_mm, edge_mm)))
    hu = _structure(Site(lesion, at, distance, width_mm, rng), enhancement, table)
    halo = np.zeros_like(distance)
    if "oedema" in table and lesion.variant == "body":
        halo = np.clip(share(distance - _HALO_MM, _HALO_MM - 1) - part, 0, 1)
    return Painted(box, part, hu, halo, table.get("oedema", table["body"]))


def _surface(lesion: Lesion, at: Field, here: Places, rng: np.random.Generator) -> tuple[Field, float]:
    """Signed distance to the surface, mm, and the width over which the margin fades."""
    look, signs = LESION_CLASSES[lesion.lesion_class].appearance, lesion.signs or Signs()
    lobulation = look.lobulation if signs.lobulation is None else signs.lobulation
    edge_mm = look.edge_mm if signs.edge_mm is None else signs.edge_mm
    radius = np.sqrt(sum((a / r) ** 2 for a, r in zip(at, lesion.ratio, strict=True))) + 1e-3
    distance = radius - lesion.long_axis_mm / 2 * (1 + lobulation * _lobes(rng, at / radius))
    if signs.wedge_axis:
        x, y, z = (np.subtract(lesion.center, 0.5 * lesion.long_axis_mm * np.asarray(signs.wedge_axis))).tolist()
        distance = cone_mm(Cone(apex=(x, y, z), axis=signs.wedge_axis, length_mm=lesion.long_axis_mm), here)
    elif signs.num_clusters and lesion.lesion_class == "calcification":
        distance = lumps_mm(at, lesion, signs.num_clusters)
    return distance, edge_mm


def structure_hu(lesion: Lesion, at: Field, distance_mm: Field, enhancement: Enhancement, width_mm: float) -> Field:
    """HU in NC, AP, PVP, DP, (4, z, y, x), inside a lesion of any shape.

    Args:
        lesion: what it is made of; its own shape is not used.
        at: offset of each voxel from the middle, mm, (3, z, y, x) in the order x, y, z.
        distance_mm: to the surface, negative inside, (z, y, x).
        enhancement: of the examination.
        width_mm: of a voxel.
    """
    rng = np.random.Generator(np.random.PCG64(lesion.seed))
    site = Site(lesion, at, distance_mm, width_mm, rng)
    return _structure(site, enhancement, _tissue_hu(lesion, enhancement))


def _tissue_hu(lesion: Lesion, enhancement: Enhancement) -> dict[str, Floats]:
    return dict(zip(lesion.tissues, enhancement.hu(list(lesion.tissues.values())), strict=True))


def _lobes(rng: np.random.Generator, direction: Field) -> Field:
    """A smooth function of direction of about unit size."""
    waves = rng.standard_normal((5, 3)) * np.array([1.5, 2.0, 2.5, 3.0, 3.5])[:, None]
    phases = rng.uniform(0, 2 * np.pi, 5)
    return np.asarray(
        sum(np.cos(np.tensordot(w, direction, axes=1) + p) for w, p in zip(waves, phases, strict=True)) / 1.6,
        np.float32,
    )


def _structure(site: Site, enhancement: Enhancement, table: Mapping[str, Floats]) -> Field:
    """HU in each phase inside the lesion, (4, z, y, x): parenchyma, then what lies on it."""
    lesion = site.lesion
    signs = lesion.signs or Signs()
    hu = _parenchyma(site, enhancement, table)
    if signs.lobules:
        hu = fat_lobules(site, hu, signs, keep_mean=lesion.variant == "angiomyolipoma")
    for value, part in _layers(site, table):
        hu = mix(hu, value, part)
    for value, part in layers(site, signs, table):
        hu = mix(hu, value, part)
    for wanted, value_hu, size in ((lesion.fat, FAT_HU, 0.35), (lesion.calcium, CALCIUM_HU, 0.12)):
        if wanted:
            spot = site.rng.normal(0, 0.35 * site.half_mm, 3)
            gone = site.beyond_mm(spot) - max(size * site.half_mm, 1.0)
            hu = mix(hu, np.full(4, value_hu), share(np.asarray(gone, np.float32), site.width_mm))
    return hu


def _parenchyma(site: Site, enhancement: Enhancement, table: Mapping[str, Floats]) -> Field:
    lesion = site.lesion
    main = table.get(lesion.variant, table["body"])
    hu = np.tile(main.astype(np.float32)[:, None, None, None], (1, *site.distance_mm.shape))
    gain = _uneven(site)
    if lesion.num_nodules and "nodule" in table and lesion.variant == "body":
        hu = _fill_in(site, enhancement)
    elif lesion.num_nodules:
        hu = _mosaic(site, hu, table)
    if lesion.signs and lesion.signs.like_liver:
        return hu + flare_hu(enhancement, lesion.signs.arterial_hu).astype(np.float32)[:, None, None, None]
    hu[1:] = hu[:1] + (hu[1:] - hu[:1]) * gain
    return hu


def _layers(site: Site, table: Mapping[str, Floats]) -> list[tuple[Floats, Field]]:
    """Rim, dead core, scar and capsule, as far as the lesion has them: HU (4,) and share of each voxel."""
    lesion, distance, width = site.lesion, site.distance_mm, site.width_mm
    layers = []
    if lesion.variant == "body" and lesion.rim_mm and "rim" in table:
        layers.append((table["rim"], 1 - share(distance + lesion.rim_mm, width)))
    if lesion.necrosis:
        dead = share(distance + site.half_mm * (1 - lesion.necrosis), width)
        layers.append((np.full(4, NECROSIS_HU), dead))
    if lesion.scar and "scar" in table:
        layers.append((table["scar"], _star(site)))
    if lesion.capsule_mm and "capsule" in table:
        shell = (1 - share(distance + width / 2, width)) * lesion.capsule_mm / width
        layers.append((table["capsule"], shell))
    return layers


def _uneven(site: Site) -> Field:
    """Factor on enhancement that varies smoothly within a lesion, by 15 % over a few mm (physics notes, B)."""
    waves = site.rng.standard_normal((6, 3)).astype(np.float32) * np.float32(UNEVEN_PER_MM)
    phases = site.rng.uniform(0, 2 * np.pi, 6).astype(np.float32)
    field = sum(np.cos(np.tensordot(w, site.at, axes=1) + p) for w, p in zip(waves, phases, strict=True))
    return np.asarray(np.exp(np.float32(UNEVEN_SD / np.sqrt(3)) * field), np.float32)


def _fill_in(site: Site, enhancement: Enhancement) -> Field:
    """Peripheral nodules whose blood supply falls off with distance, so that the lesion fills towards its middle.

    The distance is 2 to 5 mm, not the 4 to 8 of the physics notes: with those, the whole lesion comes out 30 HU above
    the notes' own mean in the portal venous phase.
    """
    lesion, half = site.lesion, site.half_mm
    places = site.rng.standard_normal((lesion.num_nodules, 3))
    places *= 0.88 * half / np.linalg.norm(places, axis=1, keepdims=True)
    sizes = site.rng.uniform(1.5, 4.0, lesion.num_nodules) * min(1.0, half / 12)
    near = np.min([site.beyond_mm(place) - size for place, size in zip(places, sizes, strict=True)], axis=0)
    weight = np.exp(-np.maximum(near, 0) / lesion.fill_mm)
    steps = np.linspace(0, 1, _FILL_STEPS)
    middle, nodule = lesion.tissues["body"], lesion.tissues["nodule"]
    table = enhancement.hu([_between(middle, nodule, float(step)) for step in steps])
    return np.stack([np.interp(weight, steps, table[:, p]) for p in range(4)]).astype(np.float32)


def _between(one: Tissue, other: Tissue, part: float) -> Tissue:
    """A mixture of two tissues; flow falls off exponentially, as the notes ask, the rest in proportion."""
    names = ("hu0", "portal_flow", "blood_fraction", "interstitium_fraction", "permeability")
    mixed = {n: (1 - part) * getattr(one, n) + part * getattr(other, n) for n in names}
    mixed["arterial_flow"] = one.arterial_flow ** (1 - part) * other.arterial_flow**part
    room = 1.08 / max(mixed["blood_fraction"] + mixed["interstitium_fraction"], 1.08)
    mixed["blood_fraction"] *= room
    mixed["interstitium_fraction"] *= room
    return replace(one, **mixed)


def _mosaic(site: Site, hu: Field, table: Mapping[str, Floats]) -> Field:
    """Nodules that differ in enhancement (nearest-seed cells), with walls of capsule between them if it has septa."""
    num = site.lesion.num_nodules
    seeds = site.rng.normal(0, 0.5 * site.half_mm, (num, 3))
    owner, wall = cells(site, seeds)
    gain = np.exp(0.25 * site.rng.standard_normal(num))[owner]
    hu = np.asarray(hu[:1] + (hu - hu[:1]) * gain, np.float32)
    signs = site.lesion.signs
    if signs and signs.septa_mm and "capsule" in table:
        hu = mix(hu, table["capsule"], site.thin(wall, signs.septa_mm))
    return hu


def _star(site: Site) -> Field:
    """A central scar of three to five arms, 2 to 4 mm wide."""
    thick = float(site.rng.uniform(2, 4))
    return site.star(site.rng, thick_mm=thick, num_arms=int(site.rng.integers(3, 6)))
