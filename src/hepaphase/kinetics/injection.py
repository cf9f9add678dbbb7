"""The injection: what contrast agent, how much, how fast."""

from dataclasses import dataclass

from ..base.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One phase of contrast agent and a saline chaser at the same rate, beginning at time zero.

    Raises:
        ConfigError: for a concentration, volume or rate that is not positive, or a negative chaser.
    """

    concentration_mg_per_ml: float = 350.0
    """Iodine."""
    volume_ml: float = 100.0
    rate_ml_per_s: float = 3.5
    saline_ml: float = 30.0

    def __post_init__(self) -> None:
        if min(self.concentration_mg_per_ml, self.volume_ml, self.rate_ml_per_s) <= 0 or self.saline_ml < 0:
            raise ConfigError(f"Concentration, volume and rate must be positive, saline not negative, got {self}.")

    @classmethod
    def for_patient(
        cls,
        weight_kg: float,
        *,
        dose_mg_per_kg: float = 530.0,
        duration_s: float = 30.0,
        concentration_mg_per_ml: float = 350.0,
        saline_ml: float = 30.0,
    ) -> "Injection":
        """A dose by weight, given in a fixed time."""
        volume_ml = dose_mg_per_kg * weight_kg / concentration_mg_per_ml
        return cls(
            concentration_mg_per_ml=concentration_mg_per_ml,
            volume_ml=volume_ml,
            rate_ml_per_s=volume_ml / duration_s,
            saline_ml=saline_ml,
        )

    @property
    def dose_mg(self) -> float:
        """Iodine given."""
        return self.concentration_mg_per_ml * self.volume_ml

    @property
    def duration_s(self) -> float:
        """How long contrast agent flows."""
        return self.volume_ml / self.rate_ml_per_s

    @property
    def saline_end_s(self) -> float:
        """When the chaser ends."""
        return (self.volume_ml + self.saline_ml) / self.rate_ml_per_s
