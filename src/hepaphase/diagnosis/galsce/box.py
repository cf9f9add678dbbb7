"""What the classifier reads of a patient: a box about the liver, liver and lesions apart, and known facts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ...study.phase import Phase

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

WINDOW_HU = (-55.0, 145.0)
"""GALS-CE's."""
BOX_ZYX = (48, 48, 56)
"""At 4 mm, 192 x 192 x 224 mm about the middle of the liver. GALS-CE stretches the liver's box to 32 x 160 x 192
without regard to spacing; a box of fixed size in mm keeps sizes true (our choice)."""


def liver_box(liver: Mask, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Lowest corner of a box of ``shape`` about the middle of the liver's extent; may lie outside the volume."""
    if not liver.any():
        z, y, x = ((n - s) // 2 for n, s in zip(liver.shape, shape, strict=True))
        return (z, y, x)
    extents = [np.flatnonzero(liver.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    z, y, x = (int(e[0] + e[-1] + 1) // 2 - s // 2 for e, s in zip(extents, shape, strict=True))
    return (z, y, x)


def cut_box(volume: npt.NDArray[Any], corner: tuple[int, int, int], shape: tuple[int, int, int]) -> npt.NDArray[Any]:
    """The box, with zeros where it leaves the volume."""
    out = np.zeros(shape, volume.dtype)
    low = [max(c, 0) for c in corner]
    high = [min(c + s, n) for c, s, n in zip(corner, shape, volume.shape, strict=True)]
    if any(a >= b for a, b in zip(low, high, strict=True)):
        return out
    inside = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    there = tuple(slice(a - c, b - c) for a, b, c in zip(low, high, corner, strict=True))
    out[there] = volume[inside]
    return out


def channels(
    hu: Mapping[Phase, npt.NDArray[Any]], liver: Mask, lesions: Mask, shape: tuple[int, int, int] = BOX_ZYX
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Liver and lesions in each phase (P, 2, z, y, x), windowed to [-1, 1] and -1 elsewhere; which phases are there."""
    corner = liver_box(liver, shape)
    masks = [cut_box(mask, corner, shape) for mask in (liver | lesions, lesions)]
    out = np.full((len(Phase), len(masks), *shape), -1.0, np.float32)
    low, high = WINDOW_HU
    for index, phase in enumerate(Phase):
        if phase in hu:
            values = (np.clip(cut_box(hu[phase], corner, shape), low, high) - low) * (2 / (high - low)) - 1
            for channel, mask in enumerate(masks):
                out[index, channel][mask] = values[mask]
    return out, np.array([phase in hu for phase in Phase])
