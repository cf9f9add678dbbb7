"""What each scanned phase measures of the whole study, as numbers that the kinetic network reads."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from torch import Tensor

from ..study.phase import Phase
from .reach import UNSCANNED_HU

LIVER_PERCENTILES = (2.0, 10.0, 50.0, 90.0, 98.0)
"""Of the inner liver, means over 8 mm: dark lesions and fat, the liver itself, its veins."""
AROUND_PERCENTILES = (50.0, 75.0, 90.0, 95.0, 98.0, 99.5)
"""Of soft tissue outside the liver, means over 8 mm: muscle and gut, spleen, kidneys, large vessels, bone."""
AROUND_HU = (-20.0, 450.0)
SOFT_TISSUE_HU = (-40.0, 260.0)
"""A phase where the middle of the liver, or of what is around it, lies outside is not in HU, and tells nothing."""
REACH_MM = 56.0
"""How far outside the box of the liver is looked; training crops hold not much more (our choice)."""

LEVEL_OF_LIVER = 2 + LIVER_PERCENTILES.index(50.0)
"""Which of a phase's numbers is the middle of the liver; the flag of the liver is the first."""

_MIDDLE_AROUND = 2 + len(LIVER_PERCENTILES) + AROUND_PERCENTILES.index(50.0)

_CENTER_HU, _SCALE_HU = 80.0, 50.0
_LARGEST = 6.0
_FEWEST = 20
"""Blocks; a region with fewer tells nothing."""
_PER_PHASE = 2 + len(LIVER_PERCENTILES) + len(AROUND_PERCENTILES)
NUM_LEVELS = _PER_PHASE * len(Phase)

_FEWEST_VOXELS = 50

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
Number = TypeVar("Number", float, Tensor)


def level_numbers(hu: Mapping[Phase, npt.NDArray[Any]], liver: npt.NDArray[Any] | None) -> Floats:
    """What the network reads, (phases, NUM_LEVELS / phases): two flags, percentiles of the liver, of what is around.

    A percentile is in units of 50 HU from 80 HU; all of a region that is not known, or hardly in view, and its flag
    are zero. Means over 8 mm make percentiles those of tissue, not of noise.

    Args:
        hu: scanned phases (z, y, x) on a grid of 4 mm.
        liver: its mask on the same grid; None where it is not known, then the whole volume counts as around it.
    """
    inner, around, box = _regions(liver)
    numbers = np.zeros((len(Phase), _PER_PHASE), np.float32)
    for number, phase in enumerate(Phase):
        if phase not in hu:
            continue
        volume = np.asarray(hu[phase][box], np.float32)
        means = _blocks(volume)
        seen = _blocks((volume > UNSCANNED_HU).astype(np.float32)) == 1
        row, start = numbers[number], 2
        for flag, (region, percentiles) in enumerate(((inner, LIVER_PERCENTILES), (around, AROUND_PERCENTILES))):
            values = means[seen] if region is None else means[seen & region]
            if flag:
                values = values[(values > AROUND_HU[0]) & (values < AROUND_HU[1])]
            if len(values) >= _FEWEST:
                row[flag] = 1.0
                found = np.percentile(values, percentiles)
                row[start : start + len(percentiles)] = ((found - _CENTER_HU) / _SCALE_HU).clip(-_LARGEST, _LARGEST)
            start += len(percentiles)
        middles = [level_hu(float(row[k])) for k in (LEVEL_OF_LIVER, _MIDDLE_AROUND)]
        if not all(SOFT_TISSUE_HU[0] <= middle <= SOFT_TISSUE_HU[1] for middle in middles):
            row[:] = 0
    return numbers


def level_hu(number: Number) -> Number:
    """A percentile among :func:`level_numbers` in HU again."""
    return _CENTER_HU + _SCALE_HU * number


def liver_places(liver: npt.NDArray[Any] | None, most: int, rng: np.random.Generator | None = None) -> Places:
    """Positions in the flattened volume of ``most`` voxels of the inner liver, evenly picked or drawn, (most,).

    All -1 where the mask is not known or holds fewer than 50 inner voxels.
    """
    inside = np.flatnonzero(ndimage.binary_erosion(liver > 0)) if liver is not None else np.empty(0, np.int64)
    if len(inside) < _FEWEST_VOXELS:
        return np.full(most, -1, np.int64)
    picked = (
        np.linspace(0, len(inside) - 1, most).round().astype(np.int64)
        if rng is None
        else rng.integers(len(inside), size=most)
    )
    return np.asarray(inside[picked], np.int64)


def _regions(
    liver: npt.NDArray[Any] | None,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_] | None, tuple[slice, ...]]:
    """Blocks of the inner liver and around it, in a box around the liver; without a liver none, all and everything."""
    if liver is None or not np.any(liver):
        return np.zeros((), np.bool_), None, (slice(None),) * 3
    far = 2 * round(REACH_MM / 8.0)
    sides = ndimage.find_objects((liver > 0).astype(np.int8))[0]
    # blocks begin at the liver's first voxel or an even number before it, however far the scan reaches
    box = tuple(slice(max(int(side.start) % 2, int(side.start) - far), int(side.stop) + far) for side in sides)
    part = _blocks((liver[box] > 0).astype(np.float32))
    return part == 1, ~ndimage.binary_dilation(part > 0), box


def _blocks(volume: Floats) -> Floats:
    """Means over 2 x 2 x 2 voxels; what is left over at the far ends is not looked at."""
    z, y, x = (size // 2 for size in volume.shape)
    return np.asarray(volume[: 2 * z, : 2 * y, : 2 * x].reshape(z, 2, y, 2, x, 2).mean(axis=(1, 3, 5)))
