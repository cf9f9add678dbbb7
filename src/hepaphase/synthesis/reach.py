"""Where a scan ends within the grid: what is beyond is air to a network, and no liver looks like that."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ..study.phase import Phase

UNSCANNED_HU = -900.0
"""Below it is what fills the place outside a scan."""
_BODY_HU = -500.0
_EMPTY = 0.25
"""Share of the fullest slice's body below which a slice at an end was not scanned; a slice of lungs has more."""

_BLEND = 4
"""Slices before the end of a phase over which its say fades (our choice)."""

Weights = npt.NDArray[np.float64]
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


def missing_slices(hu: Mapping[Phase, Array]) -> dict[Phase, Bools]:
    """Slices that a phase has not scanned and another has, (z,)."""
    held = {p: (one > _BODY_HU).mean(axis=(1, 2)) for p, one in hu.items()}
    gone, most = unscanned_slices(hu), np.max(list(held.values()), axis=0)
    return {p: (share < _EMPTY * most) & ~gone for p, share in held.items()}


def parts(hu: Mapping[Phase, Array]) -> dict[tuple[Phase, ...], Weights]:
    """Subsets of phases to answer from, and how much each counts in every slice, (z,); they sum to one.

    Where all phases reach equally far that is all of them. Where one ends before others, slices beyond its end are
    answered from the others, and the last ``_BLEND`` slices before it from both. What no phase scanned counts as all.

    Args:
        hu: scanned phases on one grid, (z, y, x).
    """
    gone, missing = unscanned_slices(hu), missing_slices(hu)
    everything, slices = tuple(hu), np.arange(len(gone))
    if not any(m.any() for m in missing.values()):
        return {everything: np.ones(len(gone))}
    near = {p: np.abs(slices[:, None] - np.flatnonzero(m)).min(axis=1, initial=_BLEND) for p, m in missing.items()}
    found: dict[tuple[Phase, ...], Weights] = {}
    for z in slices:
        says = {p: 1.0 if gone[z] else float(near[p][z]) / _BLEND for p in everything}
        levels = sorted({0.0, *says.values()})
        for low, high in pairwise(levels):
            subset = tuple(p for p in everything if says[p] >= high)
            found.setdefault(subset, np.zeros(len(gone)))[z] += (high - low) / levels[-1]
    return found


def continued(hu: Array, gone: Bools) -> Array:
    """The phase with its first and last scanned slices repeated over the slices ``gone``.

    So the network's reading of the last slices is not of tissue beside air, 350 HU of enhancement in one of 48
    simulated scans that end within the liver.
    """
    if not gone.any() or gone.all():
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
