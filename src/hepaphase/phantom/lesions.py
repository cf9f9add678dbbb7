"""Lesions of one patient: which, how many, how large, of what tissues."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..study.geometry import Xyz
from ..study.lesions import LESION_CLASSES, Appearance, LesionClass, Tissue
from .signs import Around, Signs
from .tissues import vary

Floats = npt.NDArray[np.float64]

FLASH_FILL_MM = 15.0
LARGEST_MM, SMALLEST_MM = 110.0, 4.0


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
    signs: Signs | None = None
    """None for lesions of the class table alone."""
    around: Around | None = None
    """None for a lesion that changes nothing around it."""


def draw_lesions(
    seed: int, key: str, positions: Floats, *, table: Mapping[str, LesionClass] = LESION_CLASSES
) -> list[Lesion]:
    """All lesions of class ``key`` of one patient at places taken from ``positions``, (N, 3) xyz in mm."""
    row = table[key]
    look = row.appearance
    rng = stream(seed, "lesions", key)
    if look.extra_size is None:
        extra = int(rng.poisson(look.extra_mean))
    else:
        extra = int(rng.negative_binomial(look.extra_size, look.extra_size / (look.extra_size + look.extra_mean)))
    number = 1 + min(extra, 9)
    family = {name: vary(rng, t, hu0=t.hu0) for name, t in row.tissues.items()}
    variant = _variant(rng, row)
    lesions = [_draw_one(rng, row, positions, family, variant) for _ in range(number)]
    return [one if _has_rim(one, look) else replace(one, rim_mm=0.0) for one in lesions]


def _has_rim(lesion: Lesion, look: Appearance) -> bool:
    """Drawn from a stream of its own, so that lesions with a rim are the same however many have one."""
    return look.rim_probability >= 1 or stream(lesion.seed, "rim").random() < look.rim_probability


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
        fill_mm=float(rng.uniform(*look.fill_mm)),
        seed=int(rng.integers(2**31)),
    )
