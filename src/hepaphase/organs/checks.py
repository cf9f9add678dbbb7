"""Whether masks can be believed: volume, place and pieces against what bodies allow."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.geometry import Geometry
from ..study.study import MaskArray

LIVER_ML = (500.0, 4000.0)
"""Below is a liver that is cut off or missed, above one that took a neighbor in; an adult's is 700 to 3000 ml."""
_LEAST_MAIN_SHARE = 0.95
_EDGE_SHARE = 0.02
"""Share of the mask in the outermost slices from which a liver counts as cut off (our choice)."""

Bools = npt.NDArray[np.bool_]


def check_liver(liver: MaskArray, body: MaskArray | None, geometry: Geometry) -> list[str]:
    """Warnings, one sentence each, about masks (z, y, x) on ``geometry``; none when nothing is odd.

    Without a body mask the side is not checked.
    """
    mask = liver > 0
    if not mask.any():
        return ["No liver was found; lesions are looked for in the whole body or not at all."]
    warnings = [_check_volume(mask, geometry), _check_pieces(mask)]
    if body is not None:
        warnings.append(_check_side(mask, body > 0, geometry))
    return [warning for warning in warnings if warning]


@dataclass(frozen=True, slots=True)
class _Organ:
    """What is plausible of an organ (our choice, wide of any adult's)."""

    low_ml: float
    high_ml: float
    num_pieces: int = 1


_ORGANS = {
    "spleen": _Organ(40.0, 2000.0),
    "kidneys": _Organ(100.0, 1000.0, 2),
    "aorta": _Organ(10.0, 400.0),
    "vena_cava": _Organ(10.0, 250.0),
    "portal_vein": _Organ(4.0, 120.0),
}
_LEFT_OF = (("spleen", "liver"), ("aorta", "vena_cava"))
_SHARED = 0.05
"""Share of the smaller of two organs that lies in the other, from which they are said to overlap."""

Masks = Mapping[str, tuple[npt.NDArray[Any], Geometry]]


def check_organs(masks: Masks) -> list[str]:
    """Warnings, one sentence each, about masks of organs that were given: volume, pieces, sides, overlap.

    The liver is looked at by ``check_liver``; here only where it lies against others. Masks on other grids than the
    liver (or the first) are judged by themselves alone. A volume below the plausible is no fault of a mask that is cut
    off by the field of view.
    """
    known = {name: (array > 0, grid) for name, (array, grid) in masks.items() if name in (*_ORGANS, "liver")}
    warnings = []
    for name, (mask, grid) in known.items():
        if name in _ORGANS:
            warnings += _check_organ(name, mask, grid)
    there = {name: pair for name, pair in known.items() if pair[0].any()}
    for left, right in _LEFT_OF:
        if left in there and right in there and _x_mm(*there[left]) < _x_mm(*there[right]):
            warnings.append(
                f"The {_say(left)} lies right of the {_say(right)}: mirrored, situs inversus or wrong masks."
            )
    for one, other in combinations(there, 2):
        (a, grid), (b, own) = there[one], there[other]
        if own.matches(grid) and (a & b).sum() > _SHARED * min(a.sum(), b.sum()):
            warnings.append(f"The masks of {_say(one)} and {_say(other)} overlap. Look at them.")
    return warnings


def _check_organ(name: str, mask: Bools, grid: Geometry) -> list[str]:
    if not mask.any():
        return [f"The mask of the {_say(name)} is empty."]
    allowed, found = _ORGANS[name], []
    volume_ml = float(mask.sum()) * grid.voxel_ml
    if volume_ml > allowed.high_ml or (volume_ml < allowed.low_ml and not is_cut_off(mask)):
        span = f"{allowed.low_ml:.0f} to {allowed.high_ml:.0f}"
        found.append(f"The mask of the {_say(name)} holds {volume_ml:.0f} ml, plausible are {span}. Look at it.")
    pieces, num = ndimage.label(mask)
    if num > allowed.num_pieces:
        sizes = np.sort(np.bincount(pieces.ravel())[1:])[::-1]
        main = sizes[: allowed.num_pieces].sum() / mask.sum()
        if main < _LEAST_MAIN_SHARE:
            found.append(f"The mask of the {_say(name)} falls into {num} pieces. Look at it.")
    return found


def _x_mm(mask: Bools, grid: Geometry) -> float:
    """How far left the middle of a mask lies."""
    return float(grid.to_lps_mm(_centroid_zyx(mask))[0])


def _say(name: str) -> str:
    return name.replace("_", " ")


def is_cut_off(mask: Bools) -> bool:
    """Whether the mask reaches the first or last slice with a cross-section worth naming."""
    area = mask.sum(axis=(1, 2))
    return bool(max(area[0], area[-1]) > _EDGE_SHARE * max(1, area.sum()))


def _check_volume(mask: Bools, geometry: Geometry) -> str:
    volume_ml = mask.sum() * geometry.voxel_ml
    low, high = LIVER_ML
    if volume_ml < low and is_cut_off(mask):
        return f"Only {volume_ml:.0f} ml of liver lie in the field of view; the patient score is of this part."
    if not low <= volume_ml <= high:
        return f"The liver mask holds {volume_ml:.0f} ml, plausible are {low:.0f} to {high:.0f}. Look at the outline."
    return ""


def _check_pieces(mask: Bools) -> str:
    pieces, num = ndimage.label(mask)
    if num < 2:
        return ""
    share = np.bincount(pieces.ravel())[1:].max() / mask.sum()
    if share >= _LEAST_MAIN_SHARE:
        return ""
    return f"The liver mask falls into {num} pieces, the largest {share:.0%} of it. Look at the outline."


def _check_side(mask: Bools, body: Bools, geometry: Geometry) -> str:
    """A liver mostly on the left is a mirrored volume, situs inversus or a mistake."""
    if not body.any():
        return "No body was found around the liver. Check that the volume is in HU."
    middle = [geometry.to_lps_mm(_centroid_zyx(part)) for part in (mask, body & _slices_of(mask))]
    if middle[0][0] > middle[1][0]:
        return "The liver lies left of the middle: a mirrored volume, situs inversus or a wrong mask. Look at it."
    return ""


def _centroid_zyx(mask: Bools) -> list[float]:
    """Mean index along each axis, without a list of all voxels."""
    sums = (mask.sum(axis=tuple(a for a in range(3) if a != axis)) for axis in range(3))
    return [float((s * np.arange(len(s))).sum() / s.sum()) for s in sums]


def _slices_of(mask: Bools) -> Bools:
    return np.broadcast_to(mask.any(axis=(1, 2), keepdims=True), mask.shape)
