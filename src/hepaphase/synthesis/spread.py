"""Factors, found on validation patients, that give predicted standard deviations their coverage."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..study.phase import Phase
from ..study.study import AlignedStudy, HuArray
from .facts import known_of

REGIONS = ("liver", "lesion", "lesion_mean", "other")
"""Voxels of the liver outside lesions, voxels of lesions, means of lesions, voxels of the body outside the liver."""
Factors = Mapping[str, tuple[float, float]]
"""Region to the factors of the central 68 and 95 %."""
_TELLING = ("weight_kg", "iodine_mg_per_ml", "contrast_ml", "contrast_ml_per_s", "kvp")
"""With all of these a study counts as told, with any missing as not."""


def is_told(clinical: Mapping[str, Any]) -> bool:
    """Whether injection, weight and tube voltage are known."""
    return known_of(clinical).keys() >= set(_TELLING)


def spread_key(inputs: Sequence[Phase], target: Phase, *, told: bool) -> str:
    """What factors are kept under."""
    return f"{', '.join(inputs)} to {target}, {'told' if told else 'untold'}"


def factors_for(spread: Mapping[str, Mapping[str, Sequence[float]]], study: AlignedStudy, target: Phase) -> Factors:
    """The factors for a target of a study; empty where none were found for its inputs."""
    found = spread.get(spread_key(study.inputs, target, told=is_told(study.clinical)), {})
    return {region: (float(values[0]), float(values[1])) for region, values in found.items()}


def calibrated(sd_hu: HuArray, study: AlignedStudy, factors: Factors) -> HuArray:
    """Standard deviations so that one of them covers 68 % by the kind of tissue that the masks of the study tell.

    Inside the mask ``lesions``, where there is one, the factor of lesions counts; in the rest of ``liver`` the liver's,
    outside it that of other tissue; without a liver mask the liver's everywhere.
    """
    if "liver" not in factors:
        return sd_hu
    by_voxel = np.full(sd_hu.shape, factors["liver"][0], dtype=np.float32)
    if "liver" in study.masks and "other" in factors:
        by_voxel[study.masks["liver"] == 0] = factors["other"][0]
    if "lesions" in study.masks and "lesion" in factors:
        by_voxel[study.masks["lesions"] > 0] = factors["lesion"][0]
    return np.asarray(sd_hu * by_voxel, dtype=np.float32)


def remaining(study: AlignedStudy, factors: Factors) -> dict[str, tuple[float, float]]:
    """Factors on calibrated standard deviations, for one who knows what lies where."""
    if "liver" not in factors:
        return {}
    inside = "lesion" if "lesions" in study.masks and "lesion" in factors else "liver"
    outside = "other" if "liver" in study.masks and "other" in factors else "liver"
    used = {"liver": "liver", "lesion": inside, "lesion_mean": inside, "other": outside}
    return {name: (a / factors[used[name]][0], b / factors[used[name]][0]) for name, (a, b) in factors.items()}
