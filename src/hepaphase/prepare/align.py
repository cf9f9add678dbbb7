"""A study with a grid per phase becomes one on a single grid."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..resample.grid import resample
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import AlignedStudy, Study, known_time_s

OUTSIDE_HU = -1000.0
"""Air, where a phase does not reach."""


def align(
    study: Study,
    target: Geometry,
    *,
    reference: Phase | None = None,
    masks: Mapping[str, tuple[npt.NDArray[Any], Geometry]] | None = None,
) -> AlignedStudy:
    """Put every phase of ``study`` on ``target``; scanner positions are trusted, so every transform is the identity.

    Args:
        study: any subset of phases.
        target: the grid wanted, such as ``liver_grid`` of the reference phase.
        reference: the phase in whose space ``target`` lies; the study's own choice when None.
        masks: further masks with their grids, which win over the study's of the same name.

    Raises:
        MissingPhaseError: when ``reference`` was not scanned.
    """
    everything = {**study.masks, **(masks or {})}
    return AlignedStudy(
        case=study.case,
        geometry=target,
        reference=study.reference(reference),
        hu={p: resample(v.hu, v.geometry, target, order=1, fill=OUTSIDE_HU) for p, v in study.phases.items()},
        provenance={p: v.provenance for p, v in study.phases.items()},
        time_s={p: known_time_s(p, v.time_s) for p, v in study.phases.items()},
        transforms={p: np.eye(4) for p in study.phases},
        masks={name: resample(array, grid, target, order=0, fill=0) for name, (array, grid) in everything.items()},
        sd_hu={
            p: resample(v.sd_hu, v.geometry, target, order=1, fill=0.0)
            for p, v in study.phases.items()
            if v.sd_hu is not None
        },
        lesion_table=study.lesion_table,
        clinical=study.clinical,
    )
