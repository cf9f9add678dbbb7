"""Lesions of one patient: which, how many, how large, of what tissues; and how each looks on a grid."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..study.geometry import Xyz
from ..study.lesions import LESION_CLASSES, LesionClass, Tissue
from .space import Field, Places, share
from .tissues import Enhancement, vary

Floats = npt.NDArray[np.float64]

FLASH_FILL_MM = 15.0
NECROSIS_HU, FAT_HU, CALCIUM_HU = 25.0, -15.0, 350.0
LARGEST_MM, SMALLEST_MM = 110.0, 4.0
_FILL_STEPS = 6
UNEVEN_SD, UNEVEN_PER_MM = 0.15, 0.18


@dataclass(frozen=True, slots=True)
class Lesion:
    """One lesion as drawn; lengths in mm, in the space of the body before breathing."""

    lesion_class: str
    center: Xyz
    long_axis_mm: float
    ratio: Xyz
    """Half axes against half the long axis."""
    variant: str
    """Compartment the whole lesion is made of, or ``body`` for the typical structure."""
    tissues: dict[str, Tissue]
    rim_mm: float
    capsule_mm: float
    scar: bool
    necrosis: float
    """Radius of the dead core against the lesion's; 0 for none."""
    fat: bool
    calcium: bool
    num_nodules: int
    """Of a mosaic, or peripheral ones that fill in."""
    fill_mm: float
    seed: int


def draw_lesions(seed: int, key: str, positions: Floats) -> list[Lesion]:
    """All lesions of class ``key`` of one patient at places taken from ``positions``, (N, 3) xyz in mm."""
    row = LESION_CLASSES[key]
    look = row.appearance
    rng = stream(seed, "lesions", key)
    if look.extra_size is None:
        extra = int(rng.poisson(look.extra_mean))
    else:
        extra = int(rng.negative_binomial(look.extra_size, look.extra_size / (look.extra_size + look.extra_mean)))
    number = 1 + min(extra, 9)
    family = {name: vary(rng, t, hu0=t.hu0) for name, t in row.tissues.items()}
    variant = _variant(rng, row)
    return [_draw_one(rng, row, positions, family, variant) for _ in range(number)]


def _variant(rng: np.random.Generator, row: LesionClass) -> str:
    at = rng.random()
    for name, probability in row.appearance.variants:
        if at < probability:
            return name
        at -= probability
    return "body"


def _draw_one(
    rng: np.random.Generator, row: LesionClass, positions: Floats, family: dict[str, Tissue], variant: str
) -> Lesion:
    look = row.appearance
    size = float(np.clip(look.median_mm * rng.lognormal(0, look.ln_sd), SMALLEST_MM, LARGEST_MM))
    center = positions[int(rng.integers(len(positions)))] + rng.uniform(-2, 2, 3)
    shift = float(rng.normal(0, look.solid_hu_sd))  # lesions of one patient are alike in kinetics, not quite in HU
    tissues = {name: vary(rng, t, hu0=t.hu0 + shift, spread=0.3) for name, t in family.items()}
    ratio = np.sort(rng.uniform(0.72, 1.0, 2))[::-1]
    order = rng.permutation(3)
    x, y, z = np.array([1.0, ratio[0], ratio[1]])[order].tolist()
    flash = look.fill_in and size < FLASH_FILL_MM and rng.random() < 0.16
    mosaic = look.mosaic_probability if size > 30 else 0.0
    num_nodules = int(rng.integers(3, 9)) if look.fill_in or rng.random() < mosaic else 0
    large = min(size / 50, 1.0)
    return Lesion(
        lesion_class=row.key,
        center=(float(center[0]), float(center[1]), float(center[2])),
        long_axis_mm=size,
        ratio=(x, y, z),
        variant="nodule" if flash else variant,
        tissues=tissues,
        rim_mm=float(min(rng.uniform(*look.rim_mm), size / 4)) if look.rim_mm else 0.0,
        capsule_mm=float(rng.uniform(1, 2)) if size > 12 and rng.random() < look.capsule_probability else 0.0,
        scar=size > 18 and rng.random() < look.scar_probability,
        necrosis=float(rng.uniform(0.3, 0.65)) if rng.random() < look.necrosis_probability * 2 * large else 0.0,
        fat=rng.random() < look.fat_probability,
        calcium=rng.random() < look.calcification_probability,
        num_nodules=num_nodules,
        fill_mm=float(rng.uniform(2, 5)),
        seed=int(rng.integers(2**31)),
    )


@dataclass(frozen=True, slots=True)
class Painted:
    """A lesion on a part of the grid."""

    box: tuple[slice, slice, slice]
    share: Field
    """Of each voxel, (z, y, x)."""
    hu: Field
    """In NC, AP, PVP, DP, (4, z, y, x)."""
    halo: Field
    """Share of reactive tissue around it that is not lesion."""
    halo_hu: Floats
    """(4,)."""


def paint(lesion: Lesion, places: Places, enhancement: Enhancement, width_mm: float) -> Painted:
    """A lesion on the grid of ``places``; the same drawn lesion looks the same on any grid."""
    row = LESION_CLASSES[lesion.lesion_class]
    half = lesion.long_axis_mm / 2
    reach = half * 1.25 + 14.0
    box = places.box(lesion.center, (reach, reach, reach))
    here = places.cut(box)
    rng = np.random.Generator(np.random.PCG64(lesion.seed))
    at = np.stack([p - c for p, c in zip((here.x, here.y, here.z), lesion.center, strict=True)])
    radius = np.sqrt(sum((a / r) ** 2 for a, r in zip(at, lesion.ratio, strict=True))) + 1e-3
    distance = radius - half * (1 + row.appearance.lobulation * _lobes(rng, at / radius))
    width = float(np.hypot(width_mm, row.appearance.edge_mm))
    names = list(lesion.tissues)
    table = dict(zip(names, enhancement.hu([lesion.tissues[n] for n in names]), strict=True))
    hu = _structure(lesion, at, distance, half, enhancement, table, rng, width_mm)
    ring = share(distance - 7.0, 6.0) - share(distance, width) if _has_halo(lesion) else np.zeros_like(distance)
    return Painted(box, share(distance, width), hu, np.clip(ring, 0, 1), table.get("oedema", table["body"]))


def _has_halo(lesion: Lesion) -> bool:
    return "oedema" in lesion.tissues and lesion.variant == "body"


def _lobes(rng: np.random.Generator, direction: Field) -> Field:
    """A smooth function of direction of about unit size."""
    waves = rng.standard_normal((5, 3)) * np.array([1.5, 2.0, 2.5, 3.0, 3.5])[:, None]
    phases = rng.uniform(0, 2 * np.pi, 5)
    return np.asarray(
        sum(np.cos(np.tensordot(w, direction, axes=1) + p) for w, p in zip(waves, phases, strict=True)) / 1.6,
        np.float32,
    )


def _structure(  # noqa: PLR0913
    lesion: Lesion,
    at: Field,
    distance: Field,
    half: float,
    enhancement: Enhancement,
    table: dict[str, Floats],
    rng: np.random.Generator,
    width_mm: float,
) -> Field:
    """HU in each phase inside the lesion, (4, z, y, x), from the middle outwards."""
    main = table.get(lesion.variant, table["body"])
    hu = np.tile(main.astype(np.float32)[:, None, None, None], (1, *distance.shape))
    typical = lesion.variant == "body"
    gain = _uneven(at, rng)
    if lesion.num_nodules and "nodule" in table and typical:
        hu = _fill_in(lesion, at, half, enhancement, rng)
    elif lesion.num_nodules:
        hu = _mosaic(lesion, at, hu, half, rng)
    hu[1:] = hu[:1] + (hu[1:] - hu[:1]) * gain
    if typical and lesion.rim_mm and "rim" in table:
        hu = _mix(hu, table["rim"], 1 - share(distance + lesion.rim_mm, width_mm))
    if lesion.necrosis:
        hu = _mix(hu, np.full(4, NECROSIS_HU), share(distance + half * (1 - lesion.necrosis), width_mm))
    if lesion.scar and "scar" in table:
        hu = _mix(hu, table["scar"], _star(at, half, rng, width_mm))
    if lesion.capsule_mm and "capsule" in table:
        hu = _mix(hu, table["capsule"], (1 - share(distance + width_mm / 2, width_mm)) * lesion.capsule_mm / width_mm)
    for wanted, value, size in ((lesion.fat, FAT_HU, 0.35), (lesion.calcium, CALCIUM_HU, 0.12)):
        if wanted:
            spot = rng.normal(0, 0.35 * half, 3)
            gone = np.sqrt(sum((a - s) ** 2 for a, s in zip(at, spot, strict=True))) - max(size * half, 1.0)
            hu = _mix(hu, np.full(4, value), share(np.asarray(gone, np.float32), width_mm))
    return hu


def _uneven(at: Field, rng: np.random.Generator) -> Field:
    """Factor on enhancement that varies smoothly within a lesion, by 15 % over a few mm (physics notes, B)."""
    waves = rng.standard_normal((6, 3)).astype(np.float32) * np.float32(UNEVEN_PER_MM)
    phases = rng.uniform(0, 2 * np.pi, 6).astype(np.float32)
    field = sum(np.cos(np.tensordot(w, at, axes=1) + p) for w, p in zip(waves, phases, strict=True))
    return np.asarray(np.exp(np.float32(UNEVEN_SD / np.sqrt(3)) * field), np.float32)


def _mix(hu: Field, values: Floats, part: Field) -> Field:
    part = np.clip(part, 0, 1)
    return np.asarray(hu * (1 - part) + values[:, None, None, None] * part, np.float32)


def _fill_in(lesion: Lesion, at: Field, half: float, enhancement: Enhancement, rng: np.random.Generator) -> Field:
    """Peripheral nodules whose blood supply falls off with distance, so that the lesion fills towards its middle.

    The distance is 2 to 5 mm, not the 4 to 8 of the physics notes: with those, the whole lesion comes out 30 HU above
    the notes' own mean in the portal venous phase.
    """
    centre, nodule = lesion.tissues["body"], lesion.tissues["nodule"]
    places = rng.standard_normal((lesion.num_nodules, 3))
    places *= 0.88 * half / np.linalg.norm(places, axis=1, keepdims=True)
    size = rng.uniform(1.5, 4.0, lesion.num_nodules) * min(1.0, half / 12)
    near = np.min(
        [np.sqrt(sum((a - c) ** 2 for a, c in zip(at, p, strict=True))) - s for p, s in zip(places, size, strict=True)],
        axis=0,
    )
    weight = np.exp(-np.maximum(near, 0) / lesion.fill_mm)
    steps = np.linspace(0, 1, _FILL_STEPS)
    table = enhancement.hu([_between(centre, nodule, float(s)) for s in steps])
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


def _mosaic(lesion: Lesion, at: Field, hu: Field, half: float, rng: np.random.Generator) -> Field:
    """Nodules that differ in enhancement (nearest-seed cells)."""
    seeds = rng.normal(0, 0.5 * half, (lesion.num_nodules, 3))
    owner = np.argmin([sum((a - c) ** 2 for a, c in zip(at, p, strict=True)) for p in seeds], axis=0)
    gain = np.exp(0.25 * rng.standard_normal(lesion.num_nodules))[owner]
    return np.asarray(hu[:1] + (hu - hu[:1]) * gain, np.float32)


def _star(at: Field, half: float, rng: np.random.Generator, width_mm: float) -> Field:
    """A central scar of three to five arms, 2 to 4 mm wide."""
    part = np.zeros(at.shape[1:], np.float32)
    thick = float(rng.uniform(2, 4))
    for _ in range(int(rng.integers(3, 6))):
        arm = rng.standard_normal(3)
        arm /= np.linalg.norm(arm)
        along = np.tensordot(arm, at, axes=1)
        aside = np.sqrt(np.maximum((at**2).sum(axis=0) - along**2, 0))
        distance = np.maximum(aside - thick / 2, np.maximum(-along, along - 0.55 * half))
        part = np.maximum(
            part, share(np.asarray(distance, np.float32), max(width_mm, thick)) * min(1, thick / width_mm)
        )
    return part
