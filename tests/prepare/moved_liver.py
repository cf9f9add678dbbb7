"""A liver with vessels in two phases, the second moved by a known transform; made without the simulator."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from hepaphase.prepare.register import Transform
from hepaphase.resample.through import resample_through
from hepaphase.study.displacement import Displacement
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Provenance
from hepaphase.study.study import MaskArray, PhaseVolume

GRIDS = (
    Geometry((22, 28, 30), (3.5, 3.5, 3.5), (-50.0, 20.0, 110.0)),
    Geometry((20, 28, 26), (4.0, 4.0, 4.5), (12.0, -70.0, -300.0)),
    Geometry((16, 34, 32), (3.0, 3.0, 5.0), (-90.0, -40.0, 1500.0)),
)
"""Three sizes and spacings, none with its origin at zero."""


@dataclass(frozen=True)
class Moved:
    """A reference, a phase, and the truth."""

    fixed: PhaseVolume
    moving: PhaseVolume
    liver: MaskArray
    moved_liver: MaskArray
    motion: Transform


def moved_liver(
    geometry: Geometry, shift_mm: tuple[float, float, float], *, bend_mm: float = 0.0, seed: int = 0
) -> Moved:
    """Liver, vessels and two dark balls in fat; the moving phase has other contrast, and noise of its own."""
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in geometry.shape_zyx), indexing="ij")
    liver = sum((a / r) ** 2 for a, r in zip(axes, (0.62, 0.6, 0.65), strict=True)) < 1
    size = [12.0 / s for s in geometry.spacing_zyx_mm]
    smooth = ndimage.gaussian_filter(rng.standard_normal(geometry.shape_zyx), [s / 3 for s in size])
    vessels = liver & (np.abs(smooth / smooth.std()) < 0.15)
    bend = _bend(geometry, bend_mm, rng)
    matrix = np.eye(4)
    matrix[:3, 3] = shift_mm
    motion = Transform(matrix, bend)
    fixed = _hu(liver, vessels, (-100.0, 105.0, 170.0)) + rng.normal(0, 6, geometry.shape_zyx)
    still = _hu(liver, vessels, (-100.0, 60.0, 40.0))

    def carried(array: np.ndarray, fill: float) -> np.ndarray:
        return resample_through(array, geometry, geometry, matrix=matrix, bend=bend, fill=fill, back=True)

    moving = carried(still.astype(np.float32), -100.0) + rng.normal(0, 6, geometry.shape_zyx)
    moved = carried(liver.astype(np.float32), 0.0) > 0.5
    first, second = (
        PhaseVolume(np.asarray(v, np.float32), geometry, Provenance.SIMULATED, time_s=t)
        for v, t in ((fixed, 70.0), (moving, 0.0))
    )
    return Moved(first, second, liver.astype(np.uint8), moved.astype(np.uint8), motion)


def _hu(liver: np.ndarray, vessels: np.ndarray, levels: tuple[float, float, float]) -> np.ndarray:
    return ndimage.gaussian_filter(np.select([vessels, liver], levels[:0:-1], levels[0]), 0.5)


def _bend(geometry: Geometry, size_mm: float, rng: np.random.Generator) -> Displacement | None:
    if not size_mm:
        return None
    fields = [
        ndimage.gaussian_filter(rng.standard_normal(geometry.shape_zyx), [30.0 / s for s in geometry.spacing_zyx_mm])
        for _ in range(3)
    ]
    mm = np.stack([size_mm * f / np.abs(f).max() for f in fields]).astype(np.float32)
    return Displacement(mm, geometry)
