"""How much the picture speaks for a hepatic vein, or for a fissure, on each plane about the vena cava."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.geometry import Geometry
from .cava import Cava

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

STEP_RAD = float(np.radians(3.0))
AZIMUTHS = np.radians(np.arange(20.0, 250.0, 3.0))
"""Where planes are looked for: all around but for the left and the back, where no liver lies."""
_RADII_MM = np.arange(10.0, 66.0, 4.0)
_SLOPES = np.arange(0.0, 1.3, 0.2)
"""Fall of a vein per way outward."""
_ENTRIES = np.arange(0.55, 1.0, 0.03)
"""Heights at which veins enter the vena cava, as shares of the height of the liver."""
_LEAST_STEPS = 5.0
_WIDE_VOXELS = 3.0
"""Against the mean within this standard deviation a vein stands out, and a lobe of fat does not."""
_CUT = (-2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Vessels:
    """How much each voxel differs from the liver around it in the way that blood does, in units of noise."""

    shown: Floats
    """(z, y, x), zero outside ``core``."""
    core: Bools
    """(z, y, x), liver without its surface and without lesions."""


def find_vessels(hu: npt.NDArray[np.floating], liver: Bools, lesions: Bools, *, brighter: bool) -> Vessels | None:
    """What differs from its surroundings in ``hu`` (z, y, x); None where there is no liver but lesions.

    Args:
        hu: of one phase, on a grid of about 4 mm.
        liver: (z, y, x).
        lesions: (z, y, x), left out with a margin of a voxel.
        brighter: whether blood is brighter than liver, as after contrast agent, or darker, as before.
    """
    core = ndimage.binary_erosion(liver) & ~ndimage.binary_dilation(lesions)
    if not core.any():
        return None
    weight = ndimage.gaussian_filter(core.astype(float), _WIDE_VOXELS)
    around = ndimage.gaussian_filter(np.where(core, hu, 0.0), _WIDE_VOXELS) / np.maximum(weight, 1e-3)
    differs = (hu - around) * (1 if brighter else -1)
    noise = 1.4826 * float(np.median(np.abs(differs[core] - np.median(differs[core]))))
    return Vessels(np.where(core, np.clip(differs / max(noise, 1e-3), *_CUT), 0.0), core)


def vein_scores(vessels: Vessels, cava: Cava, geometry: Geometry, bounds_mm: tuple[float, float]) -> Floats:
    """The mean of ``shown`` along the best straight way that leaves the vena cava, (azimuths, heights of entry).

    Hepatic veins run within the planes that part the sectors and meet at one height of the vena cava; portal branches
    come from the hilum and do not. The best of a few slopes counts. All numbers are our choice.
    """
    low, high = bounds_mm
    heights = np.arange(low, high + 1, geometry.spacing_zyx_mm[0])
    turn, away, z = np.meshgrid(AZIMUTHS, _RADII_MM, heights, indexing="ij")
    out = np.cos(turn)[..., None] * cava.left + np.sin(turn)[..., None] * cava.front
    places = geometry.to_index_zyx(cava.at_height(z) + away[..., None] * out)
    index = np.moveaxis(places, -1, 0)
    shown = ndimage.map_coordinates(vessels.shown, index, order=1, mode="constant")
    there = ndimage.map_coordinates(vessels.core.astype(float), index, order=1, mode="constant")
    entries = low + (high - low) * _ENTRIES
    best = np.full((len(AZIMUTHS), len(entries)), -np.inf)
    for slope in _SLOPES:
        for column, entry in enumerate(entries):
            row = np.clip((entry - slope * _RADII_MM - low) / geometry.spacing_zyx_mm[0], 0, len(heights) - 1.001)
            mean = _along(shown, row) / np.maximum(_along(there, row), _LEAST_STEPS)
            best[:, column] = np.maximum(best[:, column], mean)
    return best


def _along(values: Floats, row: Floats) -> Floats:
    """Sum over the way outward of ``values`` (azimuths, radii, heights) at the fractional heights ``row`` (radii,)."""
    steps, below = np.arange(len(row)), row.astype(int)
    part = row - below
    both = values[:, steps, below] * (1 - part) + values[:, steps, below + 1] * part
    return np.asarray(both.sum(axis=1))


_FISSURE_MM = (25.0, 95.0)
_FISSURE_HEIGHTS = (0.2, 0.75)
_BESIDE_MM = 4.0
_DARK_HU, _DARK_SPAN_HU = 15.0, 40.0
_CLOSED_VOXELS = 3
_FEWEST = 10


def fissure_scores(hu: npt.NDArray[np.floating], liver: Bools, others: Bools, cava: Cava, geometry: Geometry) -> Floats:
    """How dark the liver, with what it encloses, is on each plane, (azimuths,), 0 to 1.5; 0 where there is too little.

    The fat of the umbilical fissure, where the round ligament runs, parts segments 3 and 4. All numbers are our choice.

    Args:
        hu: (z, y, x).
        liver: (z, y, x); gaps of up to 24 mm count as enclosed.
        others: (z, y, x), lesions and the gallbladder, which are dark too and are left out with a margin of a voxel.
        cava: about which planes turn.
        geometry: along LPS.
    """
    region = ndimage.binary_erosion(ndimage.binary_closing(np.pad(liver, 4), iterations=_CLOSED_VOXELS))
    region = region[4:-4, 4:-4, 4:-4] & ~ndimage.binary_dilation(others)
    points = geometry.to_lps_mm(np.argwhere(region))
    level = float(np.median(hu[liver]))
    dark = np.clip((level - _DARK_HU - hu[region]) / _DARK_SPAN_HU, 0.0, 1.5)
    turn, away = cava.around(points)
    rows = np.flatnonzero(liver.any(axis=(1, 2)))
    low, high = (float(geometry.to_lps_mm(np.array([k, 0, 0]))[2]) for k in (rows[0], rows[-1]))
    share = (points[:, 2] - low) / (high - low)
    there = (away > _FISSURE_MM[0]) & (away < _FISSURE_MM[1])
    there &= (share > _FISSURE_HEIGHTS[0]) & (share < _FISSURE_HEIGHTS[1])
    turn, away, dark = turn[there], away[there], dark[there]
    found = np.zeros(len(AZIMUTHS))
    for k, azimuth in enumerate(AZIMUTHS):
        near = np.abs(turn - azimuth) * away < _BESIDE_MM
        if np.count_nonzero(near) >= _FEWEST:
            found[k] = dark[near].mean()
    return found
