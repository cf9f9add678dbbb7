"""What a generator of missing phases must offer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ..base.errors import ConfigError, MissingPhaseError
from ..study.phase import TYPICAL_TIME_S, Phase
from ..study.study import AlignedStudy, HuArray

LATEST_TIME_S = 330.0
"""The circulation is computed up to here; nothing later can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """One generated phase on the grid of the study, each array float32 (z, y, x) in HU."""

    hu: HuArray
    """What is expected, residual included."""
    sd_hu: HuArray
    """Predicted standard deviation of the noise-free truth around ``hu``."""
    residual_hu: HuArray
    """The part of ``hu`` that the tissue model cannot say; zero at times that were never trained."""
    time_s: float
    """Seconds after the start of injection that ``hu`` shows."""
    samples_hu: HuArray | None = None
    """What was drawn, (draws, z, y, x), whose median is ``hu``; None of generators that do not draw, and on grids other
    than that of training."""
    draw_hu: HuArray | None = None
    """The phase with the noise of a scan (``synthesis.draw``); None of generators that draw samples or say nothing of
    noise, and on grids other than that of training."""
    stretch: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Factors on ``sd_hu`` that give the central 68 and 95 % to one who knows the tissue (``spread.REGIONS``), as found
    on validation patients; empty where none were."""


class Generator(Protocol):
    """Completes a study. ``Generator()`` works without arguments, at a tiny size and untrained."""

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        """The phase ``target`` as the scanned phases of ``study`` let us expect it.

        Args:
            study: any subset of phases; only scanned ones (measured or simulated) are looked at.
            target: the phase wanted. Where it was scanned, it is one of the inputs and comes back denoised.
            time_s: seconds after the start of injection; by default the study's own time of the phase if it was
                scanned, else the typical time.

        Raises:
            MissingPhaseError: when no phase was scanned.
            ConfigError: for a time outside 0 to 330 s, or a non-contrast phase at any time but 0.
        """
        ...


def check_request(study: AlignedStudy, target: Phase, time_s: float | None) -> float:
    """The time to generate, or a refusal.

    Raises:
        MissingPhaseError: when no phase was scanned.
        ConfigError: for a time that cannot be.
    """
    if not study.inputs:
        have = ", ".join(f"{p} ({study.provenance[p]})" for p in study.hu) or "none"
        raise MissingPhaseError(
            f"{target} of study '{study.case}' was asked, but no phase was scanned (has: {have}). Give at least one."
        )
    if time_s is None:
        time_s = float(study.time_s[target]) if target in study.inputs else TYPICAL_TIME_S[target]
        time_s = 0.0 if target is Phase.NC else time_s
    if not (np.isfinite(time_s) and 0.0 <= time_s <= LATEST_TIME_S):
        raise ConfigError(
            f"{target} was asked at {time_s:g} s. Times run from 0 to {LATEST_TIME_S:g} s after injection."
        )
    if target is Phase.NC and time_s > 0:
        raise ConfigError(
            f"NC was asked at {time_s:g} s, but it has no contrast. Ask AP, PVP or DP, or leave the time."
        )
    return float(time_s)
