"""Where a scan ends within the grid: what is beyond is air to a network, and no liver looks like that."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..study.phase import Phase

UNSCANNED_HU = -900.0
"""Below it is what fills the place outside a scan."""
_BODY_HU = -500.0
_EMPTY = 0.25
"""Share of the fullest slice's body below which a slice at an end was not scanned; a slice of lungs has more."""

Bools = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]


def unscanned_slices(hu: Mapping[Phase, Array]) -> Bools:
    """Slices at both ends that no phase has scanned, (z,).

    Args:
        hu: scanned phases on one grid, (z, y, x).
    """
    held = np.max([(one > _BODY_HU).mean(axis=(1, 2)) for one in hu.values()], axis=0)
    full = np.flatnonzero(held > _EMPTY * held.max())
    gone = np.ones(len(held), np.bool_)
    if len(full):
        gone[full[0] : full[-1] + 1] = False
    return gone if len(full) else ~gone


def continued(hu: Array, gone: Bools) -> Array:
    """The phase with its first and last scanned slices repeated over the slices ``gone``.

    So the network's reading of the last slices is not of tissue beside air, 350 HU of enhancement in one of 48
    simulated scans that end within the liver.
    """
    if not gone.any():
        return hu
    kept = np.flatnonzero(~gone)
    return np.asarray(hu[np.clip(np.arange(len(gone)), kept[0], kept[-1])])


def scanned_part(hu: Mapping[Phase, Array], liver: Array | None) -> Array | None:
    """The liver's mask as far as every phase shows it that shows most of it; None where it is not known."""
    if liver is None:
        return None
    for one in hu.values():
        seen = one > UNSCANNED_HU
        liver = np.where(seen, liver, 0) if 2 * seen[liver > 0].sum() > (liver > 0).sum() else liver
    return liver
