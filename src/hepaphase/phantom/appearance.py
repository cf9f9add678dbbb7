"""How a label map will look as a CT: means, textures and contents of organs, and the scanner, drawn at random."""

from dataclasses import dataclass

import numpy as np

from .labels import Organ

Vector = tuple[float, float, float]

AIR_HU = -1000.0

_ENHANCEMENT_HU = {
    Organ.MUSCLE: (0, 5, 12, 14),
    Organ.LIVER: (0, 15, 60, 40),
    Organ.SPLEEN: (0, 65, 75, 50),
    Organ.KIDNEY: (0, 110, 160, 130),
    Organ.AORTA: (0, 260, 115, 70),
    Organ.IVC: (0, 25, 90, 70),
    Organ.PORTAL_VEIN: (0, 45, 130, 75),
    Organ.HEPATIC_VEIN: (0, 5, 115, 72),
    Organ.HEART: (0, 200, 110, 70),
    Organ.PANCREAS: (0, 60, 55, 35),
    Organ.BOWEL: (0, 30, 45, 35),
}
"""Typical enhancement in the four phases, only as the middle of a wide range (orders of size from kinetics.md)."""
_BLOOD = (Organ.AORTA, Organ.IVC, Organ.PORTAL_VEIN, Organ.HEPATIC_VEIN, Organ.HEART)
_PHASE_SHARES = (0.3, 0.2, 0.3, 0.2)
_BEYOND = 0.25
"""Share of images whose organs leave the plausible ranges, each by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """A bumpy ellipsoid."""

    place: float
    """Which voxel of the organ is its middle, as a share of all of them."""
    radius_voxels: Vector
    contrast_hu: float
    rim_hu: float
    """Contrast of its outer part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bowel:
    """Loops in the filling of the cavity."""

    cell_voxels: float
    thickness: float
    """Wider loops for more, in standard deviations of the field they follow."""
    threshold: float
    """More loops for less."""
    gas_threshold: float
    oral_contrast_hu: float | None
    oral_threshold: float
    ascites_hu: float | None
    ascites_threshold: float
    masses: tuple[Lesion, ...]
    """Tumors, cysts, a full bladder; ``contrast_hu`` and ``rim_hu`` are their HU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """How the picture was taken."""

    slice_mm: float
    blur_voxels: float
    noise_hu: float
    noise_cell_voxels: float
    """Standard deviation of the filter that correlates the noise; 0 for white."""
    bias_hu: float
    table_gap_voxels: int | None
    """Between back and table; None without a table."""
    table_hu: float
    table_thickness_voxels: int
    metal_hu: float | None
    """Strength of streaks around one bright point; None without metal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """Everything drawn about one image; ``organ`` dictionaries have an entry for every label."""

    mean_hu: dict[str, float]
    texture_hu: dict[str, float]
    texture_cell_voxels: float
    bowel: Bowel
    stomach_gas: float | None
    """Share of the stomach, from the front, that is gas."""
    stomach_texture_hu: float
    medulla_hu: float
    """Kidney medulla minus cortex."""
    marrow_hu: float
    """Marrow minus cortical bone."""
    vessel_cell_voxels: float
    vessel_width: float
    vessel_organ: str
    """Whose mean the vessels drawn inside the liver get."""
    lesions: tuple[Lesion, ...]
    scanner: Scanner
    seed: int


def draw_appearance(rng: np.random.Generator) -> Appearance:
    """One contrast: 75 % like a real phase with wide spread, the others with every organ's mean moved by itself.

    The liver may be brighter or darker than any neighbor, as it is between non-contrast steatosis and the portal
    phase of iron overload, but stays a parenchyma: -10 to 200 HU or so (ranges are our choice).
    """
    mean_hu = _draw_means(rng)
    u = rng.uniform
    return Appearance(
        mean_hu=mean_hu,
        texture_hu=_draw_textures(rng),
        texture_cell_voxels=float(u(2, 6)),
        bowel=_draw_bowel(rng),
        stomach_gas=float(u(0, 0.7)) if rng.random() < 0.7 else None,
        stomach_texture_hu=float(u(0, 50)),
        medulla_hu=-float(u(0, 0.5)) * max(0.0, mean_hu["KIDNEY"] - 30),
        marrow_hu=-float(u(0, 1)) * max(0.0, mean_hu["BONE"] - 120),
        vessel_cell_voxels=float(u(7, 14)),
        vessel_width=float(u(0.05, 0.2)),
        vessel_organ=str(rng.choice(["PORTAL_VEIN", "HEPATIC_VEIN"])),
        lesions=tuple(_draw_lesion(rng) for _ in range(int(rng.choice([0, 0, 0, 1, 2, 4, 10])))),
        scanner=_draw_scanner(rng),
        seed=int(rng.integers(2**31)),
    )


def _draw_means(rng: np.random.Generator) -> dict[str, float]:
    u, normal = rng.uniform, rng.normal
    fat, blood = normal(-102, 10), normal(42, 6)
    means = {
        Organ.BACKGROUND: AIR_HU,
        Organ.FAT: fat,
        Organ.SOFT_TISSUE: fat + u(-5, 25),
        Organ.MUSCLE: normal(52, 9),
        Organ.BONE: u(120, 500),
        Organ.LUNG: normal(-800, 70),
        Organ.LIVER: normal(55, 12) if rng.random() < 0.8 else u(-10, 75),
        Organ.SPLEEN: normal(47, 8),
        Organ.KIDNEY: normal(32, 6),
        Organ.STOMACH: rng.choice([u(-20, 60), u(100, 400), u(30, 60), u(0, 20)]),
        Organ.GALLBLADDER: u(-5, 30) if rng.random() < 0.85 else u(40, 300),
        Organ.PANCREAS: normal(40, 8),
        Organ.BOWEL: normal(35, 15),
        **dict.fromkeys(_BLOOD, blood),
    }
    phase = int(rng.choice(4, p=_PHASE_SHARES))
    dose = u(0.4, 1.3)
    beyond = rng.random() < _BEYOND
    for organ, enhancement in _ENHANCEMENT_HU.items():
        means[organ] += dose * u(0.7, 1.4) * enhancement[phase]
    for organ in (*_ENHANCEMENT_HU, Organ.STOMACH, Organ.GALLBLADDER):
        means[organ] += normal(0, 30) if beyond else 0.0
    return {organ.name: float(means.get(organ, means[Organ.MUSCLE])) for organ in Organ}


def _draw_textures(rng: np.random.Generator) -> dict[str, float]:
    u = rng.uniform
    textures = {organ.name: float(u(0, 9)) for organ in Organ}
    special = {
        Organ.BACKGROUND: 0.0,
        Organ.LUNG: u(10, 60),
        Organ.BOWEL: u(5, 30),
        Organ.SOFT_TISSUE: u(3, 25),
        Organ.BONE: u(10, 120),
    }
    return textures | {organ.name: float(value) for organ, value in special.items()}


def _draw_bowel(rng: np.random.Generator) -> Bowel:
    u = rng.uniform
    return Bowel(
        cell_voxels=float(u(6, 14)),
        thickness=float(u(0.2, 0.9)),
        threshold=float(rng.normal(-0.3, 0.6)),
        gas_threshold=float(u(0.6, 2)),
        oral_contrast_hu=float(u(120, 500)) if rng.random() < 0.4 else None,
        oral_threshold=float(u(0.2, 1.2)),
        ascites_hu=float(rng.normal(10, 8)) if rng.random() < 0.15 else None,
        ascites_threshold=float(u(-1.5, 0.5)),
        masses=tuple(_draw_mass(rng) for _ in range(int(rng.choice([0, 0, 0, 1, 2])))),
    )


def _draw_mass(rng: np.random.Generator) -> Lesion:
    radius = np.exp(rng.uniform(np.log(8), np.log(36))) * np.exp(rng.normal(0, 0.2, 3))
    inner = float(rng.uniform(-5, 130))
    return Lesion(
        place=float(rng.random()),
        radius_voxels=(float(radius[0]), float(radius[1]), float(radius[2])),
        contrast_hu=inner,
        rim_hu=float(rng.uniform(0, 150)) if rng.random() < 0.5 else inner,
    )


def _draw_lesion(rng: np.random.Generator) -> Lesion:
    radius = np.exp(rng.uniform(np.log(1.3), np.log(16))) * np.exp(rng.normal(0, 0.2, 3))
    contrast = float(rng.choice([-1, -1, 1]) * rng.uniform(8, 90))
    return Lesion(
        place=float(rng.random()),
        radius_voxels=(float(radius[0]), float(radius[1]), float(radius[2])),
        contrast_hu=contrast,
        rim_hu=float(rng.uniform(-60, 90)) if rng.random() < 0.3 else contrast,
    )


def _draw_scanner(rng: np.random.Generator) -> Scanner:
    u = rng.uniform
    correlated = rng.random() < 0.75
    return Scanner(
        slice_mm=float(u(1, 8)),
        blur_voxels=float(u(0, 0.6)),
        noise_hu=float(np.exp(u(np.log(2), np.log(25 if correlated else 45)))),
        noise_cell_voxels=float(u(0.3, 1.2)) if correlated else 0.0,
        bias_hu=float(u(0, 8)),
        table_gap_voxels=int(rng.integers(1, 5)) if rng.random() < 0.7 else None,
        table_hu=float(u(-500, 150)),
        table_thickness_voxels=int(rng.integers(1, 5)),
        metal_hu=float(u(100, 500)) if rng.random() < 0.08 else None,
    )
