"""What one measures of a lesion that was found: HU of its parts in each phase, and its size. P phases, L lesions."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.phase import Phase

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

_FULL = np.ones((3, 3, 3), dtype=bool)
_NEAR, _FAR = 1, 3
"""Voxels from the lesion to the end of its margin, and of the liver it is held against."""
_CORE = 0.6
"""The core is what lies deeper than this share of the greatest depth (our choice)."""
_DEEP_VOXELS = 1.5
"""What is not deeper is edge: it shares its voxels with the liver."""
_PERCENTILES = (5, 25, 50, 75, 95)

_SHAPE = (("log_voxels", 3.5, 1.5), ("depth_voxels", 2.0, 1.5), ("at_surface", 0.3, 0.3), ("log_lesions", 1.0, 0.7))
_OF_A_PHASE = (
    ("mean", 60.0, 40.0),
    ("core", 60.0, 40.0),
    ("inside_less_edge", 0.0, 15.0),
    *((f"p{q}", 60.0, 40.0) for q in _PERCENTILES),
    ("spread", 15.0, 10.0),
    ("margin_less_liver", 0.0, 15.0),
    ("around_less_liver", 0.0, 10.0),
    ("less_liver", 0.0, 30.0),
    ("liver", 80.0, 30.0),
)
_TABLE = (*_SHAPE, *((f"{name}_{phase}", *scale) for phase in Phase for name, *scale in _OF_A_PHASE))
NAMES = tuple(str(name) for name, _, _ in _TABLE)
"""Of the measures, in order."""
_MIDDLE = np.array([middle for _, middle, _ in _TABLE], np.float32)
_SCALE = np.array([scale for _, _, scale in _TABLE], np.float32)
_LARGEST = 6.0


def measure_lesions(hu: Floats, present: Bools, labels: npt.NDArray[np.uint16], liver: Bools) -> Floats:
    """Measures (L, len(NAMES)) of lesions 1 ... L, about -1 to 1, zero in phases that are absent.

    Which measures, and the scales they are brought to, are our choice; what tells classes apart by HU is in the physics
    notes, B. Each is (value - middle) / scale, cut at 6 either way.

    Args:
        hu: HU (P, z, y, x) of the phases in order of ``Phase``; anything where absent.
        present: (P,).
        labels: (z, y, x), 0 outside lesions.
        liver: (z, y, x), on a grid of 4 mm; an outline a voxel or two off does no harm.
    """
    count = int(labels.max(initial=0))
    out = np.zeros((count, len(NAMES)), np.float32)
    levels = [float(np.median(hu[k][liver])) if here and liver.any() else 0.0 for k, here in enumerate(present)]
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        wide = tuple(slice(max(0, side.start - _FAR - 1), side.stop + _FAR + 1) for side in box)
        parts = _parts(labels[wide], number, liver[wide])
        values = _shape(parts, count)
        for k, here in enumerate(present):
            values += _of_a_phase(hu[k][wide], parts, levels[k]) if here else [np.nan] * len(_OF_A_PHASE)
        out[number - 1] = np.clip((np.array(values, np.float32) - _MIDDLE) / _SCALE, -_LARGEST, _LARGEST)
    return np.asarray(np.nan_to_num(out, nan=0.0), np.float32)


def names_for(names: Sequence[str], phases: Iterable[Phase]) -> tuple[str, ...]:
    """Those of ``names`` that exist where ``phases`` were scanned: all but those of another phase."""
    there = set(phases)
    absent = tuple(f"_{p}" for p in Phase if p not in there)
    return tuple(name for name in names if not name.endswith(absent)) if absent else tuple(names)


def _parts(labels: npt.NDArray[np.uint16], number: int, liver: Bools) -> dict[str, npt.NDArray[Any]]:
    own = labels == number
    depth = ndimage.distance_transform_edt(np.pad(own, 1))[1:-1, 1:-1, 1:-1]
    deep = own & (depth >= _DEEP_VOXELS)
    core = own & (depth >= min(max(_DEEP_VOXELS, _CORE * depth.max()), depth.max()))
    free = liver & (labels == 0)
    near = ndimage.binary_dilation(own, _FULL, iterations=_NEAR)
    cross = ndimage.binary_dilation(own, iterations=_NEAR)
    return {
        "own": own,
        "depth": depth,
        "core": core,
        "inside": deep if deep.any() else core,
        "edge": own & ~deep if deep.any() else own,
        "margin": near & free,
        "around": ndimage.binary_dilation(own, iterations=_FAR) & ~cross & free,
        "outside": ndimage.binary_dilation(~liver),
    }


def _shape(parts: dict[str, npt.NDArray[Any]], count: int) -> list[float]:
    own = parts["own"]
    size = float(own.sum())
    at_surface = float((own & parts["outside"]).sum()) / size
    return [float(np.log(size)), float(parts["depth"].max()), at_surface, float(np.log1p(count))]


def _of_a_phase(hu: Floats, parts: dict[str, npt.NDArray[Any]], liver_hu: float) -> list[float]:
    def mean(part: str) -> float:
        where = parts[part]
        return float(hu[where].mean()) if where.any() else liver_hu

    own = hu[parts["own"]].astype(np.float64)
    return [
        float(own.mean()),
        mean("core"),
        mean("inside") - mean("edge"),
        *(float(q) for q in np.percentile(own, _PERCENTILES)),
        float(own.std()),
        mean("margin") - liver_hu,
        mean("around") - liver_hu,
        float(own.mean()) - liver_hu,
        liver_hu,
    ]
