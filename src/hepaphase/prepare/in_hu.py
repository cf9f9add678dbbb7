"""Whether a phase can be in HU: the levels of its liver, of fat and of air around it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import InputError
from ..study.phase import Phase
from ..study.study import AlignedStudy

NO_LIVER_HU = (-150.0, 450.0)
"""Beyond it is no liver's median in any phase: fat is near -100, an aorta at its brightest near 450 (our choice)."""
LIVER_HU = {
    Phase.NC: (-30.0, 130.0),
    Phase.AP: (-20.0, 200.0),
    Phase.PVP: (0.0, 260.0),
    Phase.DP: (0.0, 220.0),
}
"""Beyond it a liver's median is a doubt: severe steatosis and iron lie within (our choice)."""
FAT_HU = (-140.0, -55.0)
"""Median of what is between -200 and -30 HU; fat is -120 to -85 (our choice, wide of it)."""
AIR_HU = (-1100.0, -650.0)
"""Median of what is below -500 HU; lungs are near -850, air is -1000."""
_UNSCANNED_HU = -999.5
_FAT_RANGE_HU = (-200.0, -30.0)
_AIR_BELOW_HU = -500.0
_SOFT_HU = (-150.0, 200.0)
_FEWEST = 0.01
"""Share of the scanned voxels from which fat and air say anything."""

Array = npt.NDArray[Any]


def check_in_hu(study: AlignedStudy) -> tuple[str, ...]:
    """Warnings, one sentence each, about scanned phases whose levels are odd.

    Nothing is said without a liver, of a phase that shows none of it, or where voxels are known not to be HU.

    Args:
        study: scanned phases on one grid around the liver, with its mask.

    Raises:
        InputError: for a phase that cannot be in HU.
    """
    liver = study.masks.get("liver")
    if liver is None or study.clinical.get("hu_trust") == "windowed":
        return ()
    return tuple(text for p in study.inputs for text in doubts_of(p, study.hu[p], liver))


def doubts_of(phase: Phase, hu: Array, liver: Array) -> list[str]:
    """What is odd about one phase (z, y, x); -1000 and below is taken as not scanned.

    Raises:
        InputError: when it cannot be in HU.
    """
    scanned = np.asarray(hu) > _UNSCANNED_HU
    inside = np.asarray(hu)[(liver > 0) & scanned]
    if not inside.size:
        return []
    level = float(np.median(inside))
    if not NO_LIVER_HU[0] <= level <= NO_LIVER_HU[1]:
        raise InputError(
            f"{phase} cannot be in HU: the liver measures {level:.0f} HU. Check its rescale intercept and slope, and "
            "the liver's mask."
        )
    low, high = LIVER_HU[phase]
    found = []
    if not low <= level <= high:
        found.append(f"{phase}: the liver measures {level:.0f} HU, expected are {low:.0f} to {high:.0f}.")
    values = np.asarray(hu)[scanned]
    for name, part, (low, high) in (
        ("fat", values[(values > _FAT_RANGE_HU[0]) & (values < _FAT_RANGE_HU[1])], FAT_HU),
        ("air", values[values < _AIR_BELOW_HU], AIR_HU),
    ):
        if part.size >= _FEWEST * values.size and not low <= np.median(part) <= high:
            found.append(
                f"{phase}: {name} measures {np.median(part):.0f} HU, expected are {low:.0f} to {high:.0f}. The scan "
                "may not be in HU."
            )
    return found
