"""Where in the liver a scan shows nothing but plain liver."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.phase import Phase
from .founded import SLACK_HU
from .reach import UNSCANNED_HU

PLAIN_HU = 20.0
"""Deviation from the middle of the liver at which a voxel is its own tissue.

Of what the network made of a non-contrast scan of 18 patients of ``main-validation`` and ``sim-1k-validation``, beyond
what the scan itself shows, true was 0.0 to 0.2 where the scan is within 2 HU of the liver, 0.3 at 5 HU, 0.6 at 9 HU
and 0.9 beyond 18 HU, a voxel or two below the surface; deeper even less. A straight line is near that; of 14 and 20 HU
the second left fewer regions made up, at the same error of liver and lesions.
"""
RIM_VOXELS = 2
"""How deep below the surface the network is not believed where plain liver was scanned (ours)."""
SEEN_HU = 40.0
"""The same where contrast agent was scanned, of voxels that the network makes unlike any tissue of a liver (ours)."""
_SMOOTHING_VOXELS = 1.0

Floats = npt.NDArray[np.float32]


def plainness(hu: Mapping[Phase, npt.NDArray[Any]], liver: npt.NDArray[Any] | None) -> Floats | None:
    """How surely each voxel is plain liver by what was scanned, 0 to 1, (z, y, x); None without a liver.

    From a non-contrast scan alone zero outside the inner liver: its outermost voxels hold something else as well. With
    contrast agent the largest deviation in any phase counts, on ``SEEN_HU``, and the whole mask: there it is of use
    only where the network says what no tissue of a liver shows (``_unlike_liver``). From the portal venous phase the
    network makes little up otherwise, and drawing all of it to the liver cost up to 1.7 HU in lesion means and 0.5 HU
    in the liver (40 validation patients). Scans are smoothed in the mask.

    Args:
        hu: scanned phases on a grid of 4 mm.
        liver: its mask on the same grid.
    """
    inside = None if liver is None else liver > 0
    if inside is None:
        return None
    inner = ndimage.binary_erosion(inside)
    if not inner.any():
        return None
    alone = set(hu) == {Phase.NC}
    part = tuple(slice(max(0, s.start - 4), s.stop + 4) for s in ndimage.find_objects(inside.astype(np.int8))[0])
    off = np.max(
        [_deviation(np.asarray(one[part], np.float32), inside[part], inner[part]) for one in hu.values()], axis=0
    )
    found = np.zeros(inside.shape, np.float32)
    region, reach = (inner, PLAIN_HU) if alone else (inside, SEEN_HU)
    found[part] = np.where(region[part], np.clip(1 - off / reach, 0, 1), 0)
    return found


def off_liver(hu: Mapping[Phase, npt.NDArray[Any]], liver: npt.NDArray[Any] | None) -> Floats | None:
    """How far each voxel near the surface is from the liver's middle in any phase that scanned it, HU, (z, y, x).

    Elsewhere infinite. None without a liver, and where AP was scanned and PVP not: there arteries change against the
    liver by more than they show after smoothing, and ``plain_rim`` stands. Scans are smoothed in the mask. Of AP and
    PVP without NC what is seen beyond the slack counts half: 92 healthy livers of ``sim-1k-validation`` and
    ``sim-1k-calibration`` then have 2 regions made up in NC for 6, at 0.1 HU of lesion means (51 patients).

    Args:
        hu: scanned phases on a grid of 4 mm.
        liver: its mask on the same grid.
    """
    inside = None if liver is None else liver > 0
    if inside is None or not ndimage.binary_erosion(inside).any() or (Phase.AP in hu and Phase.PVP not in hu):
        return None
    part = tuple(slice(max(0, s.start - 4), s.stop + 4) for s in ndimage.find_objects(inside.astype(np.int8))[0])
    most = np.zeros(inside[part].shape, np.float32)
    for one in (np.asarray(h[part], np.float32) for h in hu.values()):
        scanned = inside[part] & (one > UNSCANNED_HU)
        inner = ndimage.binary_erosion(scanned)
        if inner.any():
            most = np.maximum(most, np.where(scanned, _deviation(one, scanned, inner), 0))
    if Phase.AP in hu and Phase.NC not in hu:
        most -= np.maximum(most - SLACK_HU, 0) / 2
    found = np.full(inside.shape, np.inf, np.float32)
    found[part] = np.where(_rim(inside)[part], most, np.inf)
    return found


def _rim(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The outermost voxels, and those next to them."""
    return np.asarray(inside & ~ndimage.binary_erosion(inside, iterations=1 + RIM_VOXELS))


def _deviation(hu: Floats, inside: npt.NDArray[np.bool_], inner: npt.NDArray[np.bool_]) -> Floats:
    """How far each voxel is from the middle of the inner liver, HU, after smoothing within the mask."""
    weight = inside.astype(np.float32)
    total = np.maximum(ndimage.gaussian_filter(weight, _SMOOTHING_VOXELS), 1e-3)
    smooth = ndimage.gaussian_filter(hu * weight, _SMOOTHING_VOXELS) / total
    return np.asarray(np.abs(smooth - np.median(smooth[inner])))


def plain_rim(hu: Mapping[Phase, npt.NDArray[Any]], liver: npt.NDArray[Any] | None) -> Floats | None:
    """How surely each voxel near the surface is plain liver by an arterial phase, 0 to 1, (z, y, x).

    None unless AP was scanned, and PVP not.
    """
    found = plainness(hu, liver) if Phase.AP in hu and Phase.PVP not in hu else None
    if found is None or liver is None:
        return None
    return np.where(_rim(liver > 0), np.clip(1 - (1 - found) * SEEN_HU / PLAIN_HU, 0, 1), 0).astype(np.float32)
