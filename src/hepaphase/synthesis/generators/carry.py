"""The baseline: the scanned phase nearest in time, unchanged."""

from dataclasses import dataclass

import numpy as np

from ...study.phase import Phase
from ...study.study import AlignedStudy
from ..protocol import Generated, check_request

_SD_AT_ONCE_HU = 5.0
_SD_GROWTH_HU = 25.0
_SD_TIME_S = 40.0


@dataclass(frozen=True, slots=True)
class Generator:
    """Carries the nearest phase over: what any generator must beat.

    Its standard deviation only grows with the distance in time (our choice: 5 HU at once, 30 HU far away); it knows
    nothing of tissues.
    """

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        """See :class:`..protocol.Generator`; of two phases equally near the later one is carried."""
        wanted_s = check_request(study, target, time_s)
        distance_s = {p: abs(_time_s(study, p) - wanted_s) for p in reversed(study.inputs)}
        nearest = min(distance_s, key=lambda p: distance_s[p])
        growth = 1.0 - np.exp(-distance_s[nearest] / _SD_TIME_S)
        return Generated(
            hu=study.hu[nearest].copy(),
            sd_hu=np.full(study.geometry.shape_zyx, _SD_AT_ONCE_HU + _SD_GROWTH_HU * growth, dtype=np.float32),
            residual_hu=np.zeros(study.geometry.shape_zyx, dtype=np.float32),
            time_s=wanted_s,
        )


def _time_s(study: AlignedStudy, phase: Phase) -> float:
    return 0.0 if phase is Phase.NC else float(study.time_s[phase])
