"""What shines in the arterial phase: blood of arteries and what they feed, not a bright tissue.

The generator's network reads a spot above the liver in part as one that is bright in other phases too, and carries it
into them. Few things in a liver are (calcium, lesions of a fatty liver, hemangiomas); most are fed by arteries and fall
as their blood does. B batch, N voxels.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor

from ..study.phase import Phase

SHINING_HU = (8.0, 20.0)
"""Excess over the liver, smoothed, from which a voxel counts as part artery somewhat and wholly (our choice)."""
_THICKNESS_VOXELS = 3
"""What is wider in every direction than this (12 mm) is no vessel."""
_THIN = (0.25, 0.75)
"""Share of the excess that is narrower than that, from which a voxel counts as of a vessel somewhat and wholly."""
_LASTING = (0.4, 0.7)
"""Share of the excess that another given phase shows as well, from which it is no artery in part and wholly (ours)."""
NOISE_HU = 5.0
"""Differences below this are left alone (of 5 and 10 the better on validation patients)."""
CALCIUM_HU = 90.0
"""What is this much above the liver's level without contrast agent is believed (arteries reach 85)."""
_SMOOTHING_VOXELS = 0.64
"""6 mm full width at half maximum."""

Floats = npt.NDArray[np.float32]


def shining(hu: Mapping[Phase, npt.NDArray[Any]], liver: npt.NDArray[Any] | None) -> Floats | None:
    """How surely each voxel of the liver shines in the arterial phase, 0 to 1, and by how many HU, (2, z, y, x).

    None unless AP alone was scanned, and without a liver.

    Args:
        hu: scanned phases on a grid of 4 mm.
        liver: mask on the same grid; None when not known.
    """
    if liver is None or Phase.AP not in hu or Phase.PVP in hu:
        return None
    inner = ndimage.binary_erosion(liver > 0)
    if not inner.any():
        return None
    over = {p: np.asarray(one - np.median(one[inner]), np.float32) for p, one in hu.items()}
    above, smooth = over[Phase.AP], ndimage.gaussian_filter(over[Phase.AP], _SMOOTHING_VOXELS)
    wide = ndimage.grey_opening(smooth, size=(_THICKNESS_VOXELS,) * 3)
    thin = (smooth - wide) / np.maximum(smooth, 1e-3)
    surely = _ramp(smooth, SHINING_HU) * _ramp(thin, _THIN)
    for phase in (p for p in hu if p is not Phase.AP):
        lasting = ndimage.gaussian_filter(over[phase], _SMOOTHING_VOXELS) / np.maximum(smooth, 1)
        surely, above = (values * (1 - _ramp(lasting, _LASTING)) for values in (surely, above))
    return np.asarray(np.where(liver > 0, np.stack([surely, above]), 0), np.float32)


def _ramp(values: Floats, ends: tuple[float, float]) -> Floats:
    """Zero below the first end, one above the second."""
    return np.asarray(np.clip((values - ends[0]) / (ends[1] - ends[0]), 0, 1), np.float32)


def arterial_part(above_hu: Tensor, shines_hu: Tensor) -> Tensor:
    """What of each voxel's level without contrast agent is arterial blood, HU, (B, N).

    Args:
        above_hu: how far the level, as it was read, is above the liver's.
        shines_hu: how far the voxel is above the liver in AP.
    """
    part = torch.minimum(above_hu - NOISE_HU, shines_hu - NOISE_HU).clamp(min=0)
    return part * (above_hu < CALCIUM_HU)
