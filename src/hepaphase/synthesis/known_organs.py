"""Organs whose masks are known: what the circulation gives them as a whole stands for what the network says there."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.phase import Phase
from .circulations import ORGANS

BLOOD = {"aorta": "aorta", "vena_cava": "ivc", "portal_vein": "portal_vein", "hepatic_vein": "hepatic_vein"}
"""Mask to region of the circulation model."""
_PERFUSED = {"spleen": "spleen", "kidneys": "kidney"}
"""Drawn from the model where no contrast agent was scanned; where it was, the scan tells more than a mean."""
_BONES, _BILE = "bones", "gallbladder"
"""Marrow takes up what muscle does (as in the simulator), bile nothing."""
KNOWN = (*BLOOD, *_PERFUSED, _BONES, _BILE)
"""Masks that are looked at."""
_SOFT_HU = (-20.0, 10.0)
"""Below the one a voxel of a mask is fat or gas and takes up nothing of the organ's, from the other on all of it."""
_DEEP_VOXELS = 3
"""Fewer voxels in the middle of a vessel tell nothing of it."""

Floats = npt.NDArray[np.float32]


def organ_shares(hu: Mapping[Phase, npt.NDArray[Any]], masks: Mapping[str, npt.NDArray[Any]]) -> Floats | None:
    """How much of each voxel is one of ``circulations.ORGANS``, or a tissue without contrast agent, (O + 1, z, y, x).

    At the surface of a mask, which others share, the network keeps its say. None where no mask is known.

    Args:
        hu: scanned phases on a grid of 4 mm.
        masks: on the same grid.
    """
    enhanced = any(phase is not Phase.NC for phase in hu)
    regions = {**BLOOD, **({} if enhanced else _PERFUSED), _BONES: "muscle", _BILE: ""}
    given = {name: np.asarray(masks[name] > 0) for name in regions if name in masks and np.any(masks[name])}
    if not given:
        return None
    first = np.asarray(hu[min(hu, key=list(Phase).index)], np.float32)
    soft = np.clip((first - _SOFT_HU[0]) / (_SOFT_HU[1] - _SOFT_HU[0]), 0, 1)
    found = np.zeros((len(ORGANS) + 1, *first.shape), np.float32)
    for name, mask in given.items():
        place = ORGANS.index(regions[name]) if regions[name] else len(ORGANS)
        found[place] = np.maximum(found[place], inner_share(mask) * (1 if name == _BILE else soft))
    return np.asarray(found / np.maximum(found.sum(axis=0), 1), np.float32)


def inner_share(mask: npt.NDArray[np.bool_]) -> Floats:
    """One inside a mask, one half at its surface, zero outside."""
    near = ndimage.uniform_filter(mask.astype(np.float32), 3)
    return np.asarray(np.where(mask, np.clip(1.5 * near - 0.25, 0, 1), 0), np.float32)


def blood_levels(hu: Mapping[Phase, npt.NDArray[Any]], masks: Mapping[str, npt.NDArray[Any]]) -> Floats:
    """The middle of aorta and portal vein in each phase, HU, (2, phases); NaN where it is not known."""
    found = np.full((2, len(Phase)), np.nan, np.float32)
    for row, name in enumerate(("aorta", "portal_vein")):
        if name not in masks:
            continue
        depth = ndimage.distance_transform_edt(masks[name] > 0)
        deep = depth >= max(1.5, 0.6 * float(depth.max(initial=0)))
        if np.count_nonzero(deep) >= _DEEP_VOXELS:
            for number, phase in enumerate(Phase):
                if phase in hu:
                    found[row, number] = np.median(hu[phase][deep])
    return found
