"""Texture of liver parenchyma, simulated beside real: first order and gray-level co-occurrence of small patches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage, stats

from ...base.errors import InputError
from ...base.extras import need
from ...base.log import track
from ...lab.anatomies import anatomy_of_scan
from ...lab.canonical import Canonical
from ...lab.cohort import SOURCES, Source
from ...phantom.cohorts import named_cohort
from ...phantom.labels import Organ
from ...phantom.simulate import draw, render
from ...resample.grid import resample
from ...study.geometry import Geometry
from ...study.phase import Phase

Volume = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SPACING_MM = 3.0
"""Both kinds of scan are compared on voxels of the abdomen grid."""
PATCH = 10
"""Pixels a patch is wide: 30 mm."""
DEPTH_MM = 6.0
"""Patches keep this far from the surface, simulated ones from lesions too; vessels are in both."""
MOST_PATCHES = 40
LEVELS, LOW_HU, STEP_HU = 32, -40.0, 8.0
"""Gray levels of co-occurrence: 8 HU wide."""
FEATURES = (
    "sd",
    "skewness",
    "kurtosis",
    "neighbor correlation",
    "contrast",
    "homogeneity",
    "energy",
    "GLCM correlation",
)


@dataclass(frozen=True, slots=True)
class Liver:
    """One liver in one phase on 3 mm voxels."""

    name: str
    phase: Phase
    real: bool
    hu: Volume
    where: Mask
    """Parenchyma at some depth."""


@dataclass(frozen=True, slots=True)
class Textured:
    """Medians over the patches of one liver."""

    name: str
    phase: Phase
    real: bool
    num_patches: int
    values: Mapping[str, float]


def real_livers(data: Path, *, device: str = "cpu") -> tuple[list[Liver], list[str]]:
    """Those of the scans below ``data`` that are there, and the paths of those that are not.

    Raises:
        InputError: when none is there.
    """
    there = [source for source in SOURCES if (data / source.path).exists()]
    absent = [source.path for source in SOURCES if source not in there]
    if not there:
        raise InputError(f"None of {', '.join(absent)} is in '{data}'. Name the folder of real scans: --data.")
    return [_real(data, source, device) for source in there], absent


def _real(data: Path, source: Source, device: str) -> Liver:
    liver = None if source.liver is None else data / source.liver
    anatomy = anatomy_of_scan(data / source.path, {source.phase: None}, liver=liver, device=device)
    assert anatomy.scan is not None
    hu, where = _on_grid(anatomy.scan.hu, anatomy.organs == Organ.LIVER, anatomy.geometry)
    return Liver(source.path.split("/")[0], source.phase, True, hu, where)


def _on_grid(hu: Volume, liver: Mask, geometry: Geometry) -> tuple[Volume, Mask]:
    """Averaged over 3 mm voxels as a simulated scan is; the liver at some depth."""
    canonical = Canonical.of(geometry)  # patient's left on the right, front above, as simulated scans are
    hu, liver, geometry = canonical.view(hu), canonical.view(liver), canonical.geometry
    sizes = geometry.spacing_zyx_mm
    across = [max(1, round(SPACING_MM / s)) for s in sizes]
    shape = tuple(max(1, int(n * s / SPACING_MM)) for n, s in zip(geometry.shape_zyx, sizes, strict=True))
    grid = Geometry((shape[0], shape[1], shape[2]), (SPACING_MM,) * 3, geometry.origin_lps_mm, geometry.direction)
    smooth = resample(ndimage.uniform_filter(hu, across), geometry, grid)
    inside = resample(liver.astype(np.uint8), geometry, grid, order=0) > 0
    return np.asarray(smooth, np.float32), deep(inside)


def deep(mask: Mask) -> Mask:
    """Voxels 6 mm or more from the surface, in their slice."""
    out = np.zeros_like(mask)
    for number, image in enumerate(mask):
        out[number] = ndimage.distance_transform_edt(np.pad(image, 1))[1:-1, 1:-1] * SPACING_MM >= DEPTH_MM
    return out


def simulated_livers(num: int, *, cohort: str = "sim-small", quiet: bool = False) -> Iterator[Liver]:
    """The first ``num`` patients of a cohort in whom nothing failed, in the phases of the real scans."""
    named = named_cohort(cohort)
    drawn = (draw(seed, named.population) for seed in named.seeds())
    chosen = [one for one in drawn if not one.events][:num]
    for number, patient in enumerate(track(chosen, title="Simulating", quiet=quiet)):
        phase = (Phase.PVP, Phase.NC, Phase.DP, Phase.PVP)[number % 4]
        case = render(patient)
        inside, lesions = case.study.masks["liver"][0] > 0, case.study.masks["lesions"][0]
        where = deep(inside & ~ndimage.binary_dilation(lesions > 0, iterations=2))
        yield Liver(case.study.case, phase, False, case.study.phases[phase].hu, where)


def measure(liver: Liver, *, seed: int = 0) -> Textured:
    """Median of each feature over patches that lie in the parenchyma, at most 40, evenly over those that fit.

    Raises:
        InputError: when no patch fits.
    """
    corners = _corners(liver.where)
    if not len(corners):
        raise InputError(f"No patch of {PATCH} pixels fits into the liver of '{liver.name}'.")
    rng = np.random.default_rng(seed)
    chosen = corners[rng.permutation(len(corners))[:MOST_PATCHES]]
    patches = [liver.hu[z, y : y + PATCH, x : x + PATCH] for z, y, x in chosen]
    rows = [patch_features(patch) for patch in patches]
    values = {name: float(np.median([row[name] for row in rows])) for name in FEATURES}
    return Textured(liver.name, liver.phase, liver.real, len(patches), values)


def _corners(where: Mask) -> npt.NDArray[np.intp]:
    """First voxel of every patch of which nine tenths are parenchyma, on a raster of half a patch."""
    share = ndimage.uniform_filter(where.astype(np.float32), (0, PATCH, PATCH), mode="constant")
    half, last = PATCH // 2, PATCH - PATCH // 2
    raster = np.zeros_like(where)
    raster[:, half : where.shape[1] - last : half, half : where.shape[2] - last : half] = True
    return np.argwhere((share >= 0.9) & raster) - np.array([0, half, half], np.intp)


def patch_features(patch: Volume) -> dict[str, float]:
    """Of one patch, (y, x) HU; co-occurrence of neighbors in four directions."""
    feature = need("skimage.feature", extra="benchmark")
    values = patch.astype(np.float64)
    levels = np.clip((values - LOW_HU) / STEP_HU, 0, LEVELS - 1).astype(np.uint8)
    glcm = feature.graycomatrix(
        levels, [1], [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4], levels=LEVELS, symmetric=True, normed=True
    )
    across = values[:, 1:] - values.mean(), values[:, :-1] - values.mean()
    return {
        "sd": float(values.std()),
        "skewness": float(stats.skew(values.ravel())),
        "kurtosis": float(stats.kurtosis(values.ravel())),
        "neighbor correlation": float((across[0] * across[1]).mean() / max(values.var(), 1e-9)),
        "contrast": float(feature.graycoprops(glcm, "contrast").mean()),
        "homogeneity": float(feature.graycoprops(glcm, "homogeneity").mean()),
        "energy": float(feature.graycoprops(glcm, "energy").mean()),
        "GLCM correlation": float(feature.graycoprops(glcm, "correlation").mean()),
    }


def table(rows: Sequence[Textured]) -> str:
    """Markdown: each real liver, the simulated ones' median and range, and how many real ones lie inside it."""
    real, made = [r for r in rows if r.real], [r for r in rows if not r.real]
    lines = [
        "| feature | " + " | ".join(f"{r.name} ({r.phase})" for r in real) + " | simulated, median [range] | inside |",
        "|---" * (len(real) + 3) + "|",
    ]
    for name in FEATURES:
        own = np.array([r.values[name] for r in made])
        low, high = float(own.min()), float(own.max())
        cells = [f"{r.values[name]:.2f}" for r in real]
        inside = sum(low <= r.values[name] <= high for r in real)
        lines.append(
            f"| {name} | "
            + " | ".join(cells)
            + f" | {np.median(own):.2f} [{low:.2f}, {high:.2f}] | {inside} of {len(real)} |"
        )
    patches = ", ".join(str(r.num_patches) for r in real)
    lines.append(
        f"\nn = {len(real)} real livers ({patches} patches) and {len(made)} simulated ones "
        f"({sum(r.num_patches for r in made)} patches); a value is the median over a liver's patches."
    )
    return "\n".join(lines) + "\n"
