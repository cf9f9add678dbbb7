"""One line of the benchmark of generators."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..study.phase import Phase

Shown = Mapping[str, npt.NDArray[np.int16]]
"""One slice of each panel of a picture, (y, x) HU."""


@dataclass(frozen=True, slots=True)
class SynthesisRow:
    """One generated phase of one exam, against the noise-free truth in the breathing state of the input's reference."""

    case: str
    generator: str
    inputs: str
    target: Phase
    figures: Mapping[str, float]
    """As ``benchmark.generated.measure`` names them, and ``peak_mib`` of memory.

    With the physics of the completed set ``physics_score`` and ``physics_failed``, where that was asked.
    """
    seconds: float
    spread: Mapping[str, npt.NDArray[np.floating]] = field(default_factory=dict)
    """Quantiles of the errors in units of the doubt, by region."""
    shown: Shown = field(default_factory=dict)
    """Slices for pictures, where they were kept."""
