"""HU of great organs and the noise in the liver: what tells whether a scan is like those learned from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.phase import Phase

Bools = npt.NDArray[np.bool_]

ORGANS = ("liver", "aorta", "spleen")
LEVEL_NAMES = tuple(f"{name}_{phase}" for phase in Phase for name in (*ORGANS, "noise"))
"""Median HU of each organ, and the spread of the liver's voxels, per phase."""
_FEWEST = 5
_DEEP_VOXELS, _DEEP_SHARE = 1.5, 0.6


def organ_levels(
    hu: Mapping[Phase, npt.NDArray[np.floating]], masks: Mapping[str, npt.NDArray[Any]], lesions: npt.NDArray[Any]
) -> dict[str, float]:
    """By name of ``LEVEL_NAMES``; what cannot be measured is absent.

    The liver is taken without lesions and without its outer voxels, the spleen without its outer voxels, the aorta
    where it is deepest. Noise is 1.4826 times the median absolute deviation in the liver, texture and vessels included.

    Args:
        hu: scanned phases, (z, y, x) on a grid of 4 mm.
        masks: of ``ORGANS``, as far as they are known, on the same grid.
        lesions: 0 outside.
    """
    inner = {name: _inner(name, np.asarray(masks[name] > 0), lesions) for name in ORGANS if name in masks}
    found: dict[str, float] = {}
    for name, where in inner.items():
        if np.count_nonzero(where) < _FEWEST:
            continue
        for phase, values in hu.items():
            level = float(np.median(values[where]))
            found[f"{name}_{phase}"] = level
            if name == "liver":
                found[f"noise_{phase}"] = 1.4826 * float(np.median(np.abs(values[where] - level)))
    return found


def _inner(name: str, mask: Bools, lesions: npt.NDArray[Any]) -> Bools:
    if name == "aorta":
        depth = ndimage.distance_transform_edt(mask)
        return np.asarray(depth >= max(_DEEP_VOXELS, _DEEP_SHARE * float(depth.max(initial=0))))
    return np.asarray(ndimage.binary_erosion(mask & (lesions == 0) if name == "liver" else mask))
