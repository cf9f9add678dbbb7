"""Hearts and fat pushed into the edge of the liver, where a liver mask takes them in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import ConfigError
from ..phantom.labels import Organ
from ..study.phase import Phase
from .cohort import PreparedCase

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Volumes = Mapping[Phase, npt.NDArray[Any]]
Levels = Mapping[Phase, float]

_FAT_HU = (-110.0, -80.0)
_BLOOD_HU = 45.0
"""Without agent."""
_MUSCLE_HU = 50.0
_MUSCLE_GAIN = 0.45
"""Of what the blood in it gains by the agent (our choice)."""
_LESION_GAP_VOXELS = 2
"""Lesions and what lies as near to them stay as they are."""
_EDGE_VOXELS = 0.6
"""Blur of the border, which a grid of 4 mm never shows sharp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbors:
    """How often, and how large, what is not liver lies in the liver mask (all our choice).

    Drawn hearts end above the liver. Real ones lie on it, and fissures hold fat: organ models take both in, and a
    reader that never saw them there calls them lesions.

    Raises:
        ConfigError: for a share outside [0, 1] or a range that is not above zero or falls.
    """

    share: float = 0.0
    """Of the examples that get one; none by default. Only simulated cases whose aorta is known do."""
    fat_share: float = 0.3
    """Of those, a wedge of fat; the others a piece of heart."""
    radius_voxels: tuple[float, float] = (3.0, 8.0)
    depth_voxels: tuple[float, float] = (1.0, 5.0)
    """How far in from the edge of the liver it reaches."""
    blood: tuple[float, float] = (0.5, 1.05)
    """Enhancement of the blood in the heart, as a share of the aorta's: the right heart and the left, by phase."""

    def __post_init__(self) -> None:
        if not (0 <= self.share <= 1 and 0 <= self.fat_share <= 1):
            raise ConfigError(f"share and fat_share must lie in [0, 1], got {self}.")
        for low, high in (self.radius_voxels, self.depth_voxels, self.blood):
            if not 0 < low <= high:
                raise ConfigError(f"Ranges must be above zero and rise, got {self}.")

    def paint(
        self, clean: Volumes, liver: Bools, lesions: npt.NDArray[Any], blood_hu: Levels, rng: np.random.Generator
    ) -> dict[Phase, Floats]:
        """What to add to each phase, (z, y, x) in HU; nothing at all where nothing is painted.

        Args:
            clean: volumes without noise.
            liver: the liver, lesions included.
            lesions: zero where there is none.
            blood_hu: the aorta in each phase; empty where not known.
            rng: generator.
        """
        if not self.share or rng.random() >= self.share or not set(clean) <= set(blood_hu):
            return {}
        edge = np.argwhere(liver & ~ndimage.binary_erosion(liver, border_value=1))
        if not len(edge) or not clean:
            return {}
        fat = bool(rng.random() < self.fat_share)
        shape = self._wedge(liver, edge, rng) if fat else self._ball(liver, edge, rng)
        shape &= ~_grown(lesions > 0)
        weight = ndimage.gaussian_filter(shape.astype(float), _EDGE_VOXELS)
        weight[lesions > 0] = 0
        if fat:
            fat_hu = rng.uniform(*_FAT_HU)
            return {phase: weight * (fat_hu - volume) for phase, volume in clean.items()}
        chamber = _smooth(liver.shape, rng) > rng.normal(-0.5, 0.5)
        painted = {}
        for phase, volume in clean.items():
            base = min(blood_hu[phase], _BLOOD_HU)
            gain = (blood_hu[phase] - base) * rng.uniform(*self.blood)
            level = np.where(chamber, base + gain, _MUSCLE_HU + _MUSCLE_GAIN * gain)
            painted[phase] = weight * (ndimage.gaussian_filter(level, _EDGE_VOXELS) - volume)
        return painted

    def _ball(self, liver: Bools, edge: npt.NDArray[Any], rng: np.random.Generator) -> Bools:
        """An ellipsoid that reaches from outside into the liver."""
        place, outwards = _place(liver, edge, rng)
        radii = rng.uniform(*self.radius_voxels, 3)
        reach = float(np.linalg.norm(radii * outwards))
        center = place + outwards * (reach - rng.uniform(*self.depth_voxels))
        away = sum(((axis - c) / r) ** 2 for axis, c, r in zip(np.indices(liver.shape), center, radii, strict=True))
        return np.asarray(away < 1)

    def _wedge(self, liver: Bools, edge: npt.NDArray[Any], rng: np.random.Generator) -> Bools:
        """A slab that narrows towards the inside, as a fissure does."""
        place, outwards = _place(liver, edge, rng)
        across = np.cross(outwards, rng.normal(size=3))
        across /= max(float(np.linalg.norm(across)), 1e-6)
        offset = np.indices(liver.shape) - place[:, None, None, None]
        depth = -np.tensordot(outwards, offset, 1)
        aside = np.tensordot(across, offset, 1)
        along = np.tensordot(np.cross(outwards, across), offset, 1)
        deepest = rng.uniform(*self.depth_voxels)
        half = rng.uniform(0.5, 1.5) * np.clip(1 - depth / deepest, 0, 2)
        return np.asarray((np.abs(aside) < half) & (np.abs(along) < rng.uniform(*self.radius_voxels)) & (depth > -4))


def blood_levels(case: PreparedCase) -> dict[Phase, float]:
    """The aorta's median HU without noise in each phase of a simulated case; empty where either is not known."""
    if "organs" not in case.masks:
        return {}
    aorta = case.masks["organs"] == Organ.AORTA
    return {p: float(np.median(volume[aorta])) for p, volume in case.clean_hu.items()} if aorta.any() else {}


def _place(liver: Bools, edge: npt.NDArray[Any], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A point of the edge and the direction that leads out of the liver there."""
    place = edge[rng.integers(len(edge))]
    slope = [
        np.gradient(ndimage.gaussian_filter(liver.astype(float), 2.0), axis=axis)[tuple(place)] for axis in range(3)
    ]
    outwards = -np.asarray(slope)
    length = float(np.linalg.norm(outwards))
    return place.astype(float), outwards / length if length > 1e-6 else np.array([-1.0, 0.0, 0.0])


def _grown(mask: Bools) -> Bools:
    return np.asarray(ndimage.binary_dilation(mask, iterations=_LESION_GAP_VOXELS) if mask.any() else mask)


def _smooth(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    field = ndimage.gaussian_filter(rng.normal(size=shape), 2.0)
    return np.asarray(field / max(float(field.std()), 1e-6))
