"""A study with a grid per phase becomes one on a single grid."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..resample.grid import resample
from ..resample.through import resample_through
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import AlignedStudy, Study, known_time_s
from .register import Transform

OUTSIDE_HU = -1000.0
"""Air, where a phase does not reach."""


def align(
    study: Study,
    target: Geometry,
    *,
    reference: Phase | None = None,
    masks: Mapping[str, tuple[npt.NDArray[Any], Geometry]] | None = None,
    transforms: Mapping[Phase, Transform] | None = None,
) -> AlignedStudy:
    """Put every phase of ``study`` on ``target``, each through its transform.

    Args:
        study: any subset of phases.
        target: the grid wanted, such as ``liver_grid`` of the reference phase.
        reference: the phase in whose space ``target`` lies; the study's own choice when None.
        masks: further masks with their grids, which win over the study's of the same name; masks lie in the space of
            the reference.
        transforms: from reference to phase, as ``line_up`` finds them; where there is none the scanner's positions are
            trusted.

    Raises:
        MissingPhaseError: when ``reference`` was not scanned.
    """
    everything = {**study.masks, **(masks or {})}
    moves = {p: (transforms or {}).get(p, Transform.identity()) for p in study.phases}

    def through(phase: Phase, array: npt.NDArray[np.float32], fill: float) -> npt.NDArray[np.float32]:
        volume, move = study.phase(phase), moves[phase]
        own, whole = volume.geometry, volume.whole
        return np.asarray(
            resample_through(array, own, target, matrix=move.matrix, bend=move.bend, fill=fill, whole=whole)
        )

    return AlignedStudy(
        case=study.case,
        geometry=target,
        reference=study.reference(reference),
        hu={p: through(p, v.hu, OUTSIDE_HU) for p, v in study.phases.items()},
        provenance={p: v.provenance for p, v in study.phases.items()},
        time_s={p: known_time_s(p, v.time_s) for p, v in study.phases.items()},
        transforms={p: move.matrix for p, move in moves.items()},
        bends={p: move.bend for p, move in moves.items() if move.bend is not None},
        masks={name: resample(array, grid, target, order=0, fill=0) for name, (array, grid) in everything.items()},
        sd_hu={p: through(p, v.sd_hu, 0.0) for p, v in study.phases.items() if v.sd_hu is not None},
        lesion_table=study.lesion_table,
        clinical=study.clinical,
    )
