"""HU of the vessels and organs that tell the phase of a volume."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..organs.segment import CoarseOrgans
from ..organs.table import CLASSES
from ..resample.grid import resample
from ..study.geometry import Geometry
from ..study.study import PhaseVolume
from .exams import REGIONS

Masks = Mapping[str, tuple[npt.NDArray[np.uint8], Geometry]]

SPACING_MM = 3.0
"""Voxels that HU are averaged to: small enough for a middle of the aorta, large enough that noise is gone."""
_INSIDE = 0.80
"""Probability, or share of a voxel that a given mask covers, from which a voxel counts as inside."""
_LEAST_ML = {"liver": 20.0, "spleen": 6.0, "kidneys": 6.0, "aorta": 1.0, "portal_vein": 0.5, "vena_cava": 1.0}
"""Less than this measures the neighbors as much as the region (our choice)."""
_QUANTILE = {"aorta": 0.65, "portal_vein": 0.65, "vena_cava": 0.65}
"""Vessels are surrounded by fat, so their middle lies above the median; organs are read at the median."""
PELVIS_QUANTILE = 0.98


@dataclass(frozen=True, slots=True)
class Measured:
    """Regions of one volume."""

    hu: Mapping[str, float]
    """Median HU per region; regions outside the field of view are missing."""
    kidney_peak_hu: float | None
    """The brightest part of the kidneys and what they enclose: urine with contrast agent, or a stone."""


def measure(volume: PhaseVolume, coarse: CoarseOrgans, masks: Masks | None = None) -> Measured:
    """Median HU of each region of ``volume``, averaged to 3 mm.

    Args:
        volume: the phase.
        coarse: the organs in it.
        masks: masks of the user's own by region name, with their grids; they win.
    """
    grid = coarse.geometry.with_spacing((SPACING_MM, SPACING_MM, SPACING_MM))
    low = resample(volume.hu, volume.geometry, grid, order=1)
    found: dict[str, float] = {}
    peak = None
    for name in REGIONS:
        inside = _inside(name, coarse, masks or {}, grid)
        if inside is None or np.count_nonzero(inside) * grid.voxel_ml < _LEAST_ML[name]:
            continue
        found[name] = float(np.quantile(low[inside], _QUANTILE.get(name, 0.5)))
        if name == "kidneys":
            peak = _kidney_peak(low, inside)
    return Measured(found, peak)


def _inside(name: str, coarse: CoarseOrgans, masks: Masks, grid: Geometry) -> npt.NDArray[np.bool_] | None:
    if name in masks:
        array, own = masks[name]
        share = resample((array > 0).astype(np.float32), own, grid, order=1, fill=0.0)
    elif name in CLASSES:
        share = resample(coarse.of(name), coarse.geometry, grid, order=1, fill=0.0)
    else:
        return None
    return np.asarray(share >= _INSIDE)


def _kidney_peak(low: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_]) -> float:
    """High quantile within the kidneys and the hollow they surround."""
    hollow = ndimage.binary_closing(inside, iterations=4) | inside
    return float(np.quantile(low[hollow], PELVIS_QUANTILE))
