"""What shines in the arterial phase alone: blood of arteries and what they feed, not a bright tissue.

The generator's network reads a spot above the liver in part as one that is bright without contrast agent too, and
carries it into every other phase. Few things in a liver are (calcium, and lesions of a fatty liver); most are fed by
arteries and fall as their blood does. B batch, N voxels, S voxels of the liver.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor

from ..study.phase import Phase

_NOISE_HU = 5.0
"""Differences below this are left alone (of 5 and 10 the better on validation patients)."""
_CALCIUM_HU = 60.0
"""What is this much above the liver's level without contrast agent is believed."""

Floats = npt.NDArray[np.float32]


def arterial_excess(hu: Mapping[Phase, npt.NDArray[Any]], liver: npt.NDArray[Any] | None) -> Floats | None:
    """How far each voxel of the liver is above its middle in HU, (z, y, x); None unless AP alone was scanned.

    Args:
        hu: scanned phases.
        liver: mask on the same grid; None when not known.
    """
    if set(hu) != {Phase.AP} or liver is None:
        return None
    inner = ndimage.binary_erosion(liver > 0)
    if not inner.any():
        return None
    above = hu[Phase.AP] - np.median(hu[Phase.AP][inner])
    return np.asarray(np.where(liver > 0, np.clip(above - _NOISE_HU, 0, None), 0), np.float32)


def arterial_part(level_hu: Tensor, liver: Tensor, excess_hu: Tensor) -> Tensor:
    """What of each voxel's level without contrast agent is arterial blood, HU, (B, N).

    Args:
        level_hu: as it was read, (B, N), voxels in order.
        liver: positions of voxels of the liver, (B, S); -1 where it is not known.
        excess_hu: of :func:`arterial_excess`, (B, N).
    """
    middle = level_hu.gather(1, liver.clamp(min=0)).median(dim=1, keepdim=True)[0]
    above = level_hu - middle
    part = torch.minimum((above - _NOISE_HU).clamp(min=0), excess_hu)
    return part * (above < _CALCIUM_HU) * (liver[:, :1] >= 0)
