"""Kinds of tissue told by HU, and the features that their lines run through. P phases, F features, K kinds."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.phase import TYPICAL_TIME_S, Phase

Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]

SUBSETS = tuple(subset for size in range(1, 5) for subset in combinations(Phase, size))
"""Every non-empty set of phases, smaller ones first."""
EDGES_HU = (-500.0, -50.0, 10.0, 35.0, 50.0, 60.0, 75.0, 100.0, 140.0, 200.0)
"""Between kinds of tissue: air, fat, fluid, and steps of soft tissue, vessels and bone (our choice)."""
NUM_KINDS = 2 * (len(EDGES_HU) + 1)
"""Each outside and inside the liver."""
SMOOTHING_VOXELS = 1.0
FEATURES = len(Phase) + 2
"""HU of each phase, one, and the distance of the time wanted from the typical one."""
HU_SCALE, TIME_SCALE_S = 100.0, 100.0


class Lines(NamedTuple):
    """What was fitted."""

    slopes: Floats
    """(subsets, P, K, F), HU per unit of each feature."""
    sd_hu: Floats
    """Of what the line leaves, (subsets, P, K)."""


def subset_number(scanned: Bools) -> int:
    """Place in ``SUBSETS`` of the phases scanned, bool (P,)."""
    return SUBSETS.index(tuple(p for p, here in zip(Phase, scanned, strict=True) if here))


def kinds_of(hu: Floats, scanned: Bools, liver: Bools) -> npt.NDArray[np.int64]:
    """Kind of each voxel, (z, y, x): by the first scanned phase of ``hu`` (P, z, y, x), smoothed, and the liver."""
    first = ndimage.gaussian_filter(np.asarray(hu[int(np.argmax(scanned))], np.float32), SMOOTHING_VOXELS)
    return np.asarray(np.digitize(first, EDGES_HU) + (len(EDGES_HU) + 1) * liver, np.int64)


def features(hu: Floats, scanned: Bools, target_s: float) -> Floats:
    """(F, z, y, x): the scanned phases in hundreds of HU, smoothed but for the edges, one, and the time wanted."""
    parts = [
        ndimage.gaussian_filter(np.asarray(one, np.float32), SMOOTHING_VOXELS) / HU_SCALE
        if here
        else np.zeros_like(one)
        for one, here in zip(hu, scanned, strict=True)
    ]
    nearest = min(TYPICAL_TIME_S.values(), key=lambda t: abs(t - target_s))
    constant = np.ones_like(parts[0])
    return np.stack([*parts, constant, constant * ((target_s - nearest) / TIME_SCALE_S)])


def start_lines() -> Lines:
    """Before any training: the scanned phase nearest in typical time, unchanged, 30 HU of doubt."""
    slopes = np.zeros((len(SUBSETS), len(Phase), NUM_KINDS, FEATURES), np.float32)
    for number, subset in enumerate(SUBSETS):
        for place, target in enumerate(Phase):
            nearest = min(subset, key=lambda p: abs(TYPICAL_TIME_S[p] - TYPICAL_TIME_S[target]))
            slopes[number, place, :, list(Phase).index(nearest)] = HU_SCALE
    return Lines(slopes, np.full(slopes.shape[:3], 30.0, np.float32))
