"""Simulated phases as registration leaves them: in one breathing state, a little off."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import ConfigError
from ..study.phase import REFERENCE_ORDER, Phase
from .cohort import PreparedCase

Volumes = dict[Phase, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinedUp:
    """How often, and how well, the phases of an example lie on one another.

    Only simulated cases are known in one breathing state; others are taken as they were prepared.

    Raises:
        ConfigError: for a share outside [0, 1] or a negative spread.
    """

    share: float = 0.8
    """Share of examples whose phases are lined up; in the others each lies where it was scanned, as after a
    registration that failed unseen (our choice)."""
    residual_voxels: float = 0.3
    """Standard deviation per axis of what registration leaves of every phase but the reference (our choice: 1.2 mm at
    4 mm; docs/concepts/intake.md measures it)."""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or self.residual_voxels < 0:
            raise ConfigError(f"share must lie in [0, 1] and residual_voxels must not be negative, got {self}.")

    def draw(self, case: PreparedCase, rng: np.random.Generator) -> "Lie":
        """Where the phases of one example lie; the same numbers are drawn whatever comes of it."""
        lined = rng.random() < self.share
        off = rng.normal(0, self.residual_voxels, (len(Phase), 3))
        if not lined or not case.reference_hu:
            return Lie(lined=False, off={})
        reference = next(p for p in REFERENCE_ORDER if p in case.hu)
        return Lie(lined=True, off={p: tuple(off[k]) for k, p in enumerate(Phase) if p is not reference})

    def best(self, case: PreparedCase) -> "Lie":
        """Lined up without error where that is known, and wanted at all."""
        return Lie(lined=bool(case.reference_hu) and self.share > 0, off={})


@dataclass(frozen=True, slots=True)
class Lie:
    """Where the phases of one example lie."""

    lined: bool
    off: Mapping[Phase, tuple[float, ...]]
    """Shift of a phase in voxels, (z, y, x)."""

    def volumes(self, hu: Volumes, clean: Volumes, still: Volumes) -> tuple[Volumes, Volumes]:
        """Noisy and noise-free volumes.

        Args:
            hu: as scanned.
            clean: the same without noise.
            still: without noise, all in the breathing state of the reference.
        """
        if not self.lined:
            return hu, clean
        moved = {p: _shifted(v, self.off[p]) if p in self.off else v.astype(np.float32) for p, v in still.items()}
        return {p: moved[p] + (hu[p].astype(np.float32) - clean[p]) for p in moved}, moved


def _shifted(volume: npt.NDArray[Any], off: tuple[float, ...]) -> npt.NDArray[np.float32]:
    if not any(off):
        return volume.astype(np.float32)
    return np.asarray(ndimage.shift(volume.astype(np.float32), off, order=1, mode="nearest"), np.float32)
