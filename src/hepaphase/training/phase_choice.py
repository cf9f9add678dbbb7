"""Which of a study's phases a training example shows."""

from dataclasses import dataclass

import numpy as np

from ..base.errors import ConfigError
from ..study.phase import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChoice:
    """Shares of training examples by the phases they show; what is left over is any non-empty subset, all alike.

    Raises:
        ConfigError: for shares that are not.
    """

    all_share: float = 0.35
    """Every phase there is."""
    nc_share: float = 0.15
    """The non-contrast phase alone, where there is one."""
    delayed_share: float | None = None
    """Where set, every example shows all phases but the delayed one, and that one in this share of examples, as in the
    paper's cohort (2/3); the other shares do not count."""

    def __post_init__(self) -> None:
        if min(self.all_share, self.nc_share) < 0 or self.all_share + self.nc_share > 1:
            raise ConfigError(f"Shares must be >= 0 and add up to at most 1, got {self.all_share}, {self.nc_share}.")
        if self.delayed_share is not None and not 0 <= self.delayed_share <= 1:
            raise ConfigError(f"delayed_share must lie in [0, 1], got {self.delayed_share}.")

    def draw(self, available: tuple[Phase, ...], rng: np.random.Generator) -> tuple[Phase, ...]:
        """The phases shown, in order of time, at least one."""
        kind = rng.random()
        bits = int(rng.integers(1, 2 ** len(available)))
        if self.delayed_share is not None:
            early = tuple(phase for phase in available if phase is not Phase.DP)
            return available if kind < self.delayed_share or not early else early
        if kind < self.all_share:
            return available
        if kind < self.all_share + self.nc_share and Phase.NC in available:
            return (Phase.NC,)
        return tuple(phase for bit, phase in enumerate(available) if bits >> bit & 1)
