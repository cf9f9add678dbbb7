"""When a phase of unknown time was scanned, by what its organs measure."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from ..study.phase import Phase
from ..study.study import AlignedStudy
from .exams import REGIONS
from .recognize import MOST_VOLUMES, Recognized, Regions, recognize

_FEWEST = 8
"""Inner voxels of an organ; fewer are not measured."""


def likely_times(study: AlignedStudy, phases: Sequence[Phase]) -> dict[Phase, Recognized]:
    """What organs say of the time of each of ``phases``; those that measure as another phase are left out.

    Args:
        study: with the masks of its organs on its grid.
        phases: scanned ones with contrast agent whose time is not known.
    """
    measured = {phase: regions_of(study, phase) for phase in study.inputs}
    usable = {phase: regions for phase, regions in measured.items() if regions}
    if not set(phases) & set(usable) or len(usable) > MOST_VOLUMES:
        return {}
    found = dict(zip(usable, recognize(list(usable.values())), strict=True))
    return {p: found[p] for p in phases if p in found and found[p].phase is p and p is not Phase.NC}


def regions_of(study: AlignedStudy, phase: Phase) -> Regions:
    """Median HU inside each organ whose mask is known."""
    inner = {n: ndimage.binary_erosion(study.masks[n] > 0) for n in REGIONS if n in study.masks}
    return {n: float(np.median(study.hu[phase][m])) for n, m in inner.items() if np.count_nonzero(m) >= _FEWEST}
