"""Streaks from side to side in a scan, as arms beside the body or wide shoulders leave them: seen, and taken out.

They differ from slice to slice and from row to row, and go on along a row, as nothing in a liver does. Arrays are
(z, y, x) on a grid of 4 mm, x from one side of the patient to the other.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

_APART = 2
"""Voxels between those compared: next neighbors share what was blurred and resampled."""
_LIKENESS = 0.14
"""How much more alike voxels of a row must be than those of a column or of neighboring slices.

Of the phases of 200 patients of ``sim-1k-validation`` 56 are streaked by arms: 52 have 0.14 or more, up to 0.84; the
others have at most 0.12.
"""
_FEWEST = 500
"""Inner voxels of a liver; fewer tell nothing."""
_AROUND_VOXELS = 2.5
_ALONG_VOXELS = 5.0
"""Widths (standard deviations) of what counts as tissue, across, and of what counts as one streak, along."""
_LARGEST = 2.5
"""Times their spread that streaks may be; a lesion beyond that counts no more."""
_KNOWN = 0.2
"""Weight of liver along a row below which little is known of its streak."""

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


def without_streaks(hu: npt.NDArray[Any], liver: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
    """The phase, in the liver without its streaks; as it is where it has none, or the liver is not known.

    Args:
        hu: one scanned phase.
        liver: its mask on the same grid; voxels that were not scanned left out.
    """
    inner = None if liver is None else ndimage.binary_erosion(liver > 0)
    if liver is None or inner is None or inner.sum() < _FEWEST:
        return hu
    box = tuple(slice(max(0, s.start - 8), s.stop + 8) for s in ndimage.find_objects((liver > 0).astype(np.int8))[0])
    part, inner = np.asarray(hu[box], np.float32), inner[box]
    part = np.where(inner, part - np.median(part[inner]), 0).astype(np.float32)
    if streakiness(np.clip(part, *_usual(part[inner])), inner) < _LIKENESS:
        return hu
    cleaned = np.array(hu, np.float32)
    cleaned[box] -= np.where(liver[box] > 0, _streaks(part, inner), 0)
    return cleaned


def streakiness(off: Floats, inside: Bools) -> float:
    """How much more alike voxels two apart are along rows than across rows or slices, as correlations.

    Args:
        off: deviation from the middle of the region.
        inside: the region.
    """
    z, y, x = (_likeness(off, inside, axis) for axis in range(3))
    return x - max(y, z)


def _likeness(off: Floats, inside: Bools, axis: int) -> float:
    first, second = (np.moveaxis(off, axis, 0)[part] for part in (slice(None, -_APART), slice(_APART, None)))
    here = np.logical_and(*(np.moveaxis(inside, axis, 0)[p] for p in (slice(None, -_APART), slice(_APART, None))))
    if here.sum() < 2:
        return 0.0
    a, b = first[here] - first[here].mean(), second[here] - second[here].mean()
    return float((a * b).mean() / max(float(np.sqrt((a * a).mean() * (b * b).mean())), 1e-6))


def _streaks(off: Floats, inner: Bools) -> Floats:
    """What is smooth along each row, beyond what is smooth across rows and slices."""
    weight = inner.astype(np.float32)
    across = (_AROUND_VOXELS, _AROUND_VOXELS, 0)
    tissue = ndimage.gaussian_filter(off * weight, across) / np.maximum(ndimage.gaussian_filter(weight, across), 1e-3)
    rough = (off - tissue) * weight
    along = ndimage.gaussian_filter1d(weight, _ALONG_VOXELS, axis=2)
    found = ndimage.gaussian_filter1d(np.clip(rough, *_usual(rough[inner])) * weight, _ALONG_VOXELS, axis=2)
    return np.asarray(found / np.maximum(along, _KNOWN), np.float32)


def _usual(values: Floats) -> tuple[float, float]:
    """Between which most values lie, with room for the largest that belong to them."""
    low, high = np.percentile(values, [16, 84])
    return -_LARGEST * float(high - low) / 2, _LARGEST * float(high - low) / 2
