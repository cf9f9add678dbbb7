"""The patient as the circulation sees one: size, output of the heart, blood, kidneys."""

from dataclasses import dataclass

from ..base.errors import ConfigError

CM_PER_INCH = 2.54
KG_PER_POUND = 0.45359237


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Who is injected.

    Raises:
        ConfigError: for a sex other than M or F, or a size that no one has.
    """

    sex: str = "M"
    """``M`` or ``F``."""
    age_years: float = 40.0
    height_cm: float = 170.0
    weight_kg: float = 70.0
    cirrhosis: bool = False
    haematocrit: float | None = None
    """None for 0.42 (M) or 0.38 (F)."""
    gfr_ml_per_min: float = 100.0
    cardiac_output_factor: float = 1.0
    """Times what size and age predict; lognormal(0, 0.20) over patients."""

    def __post_init__(self) -> None:
        if self.sex not in ("M", "F"):
            raise ConfigError(f"sex must be M or F, got '{self.sex}'.")
        positive = (self.age_years, self.height_cm, self.weight_kg, self.gfr_ml_per_min, self.cardiac_output_factor)
        if min(positive) <= 0 or not 0 < self.hematocrit < 0.7:
            raise ConfigError(f"Age, size, filtration, cardiac output and haematocrit must be possible, got {self}.")

    @property
    def hematocrit(self) -> float:
        """Share of red cells in blood."""
        if self.haematocrit is not None:
            return self.haematocrit
        return 0.42 if self.sex == "M" else 0.38

    @property
    def _size(self) -> float:
        return float((self.height_cm / CM_PER_INCH) ** 0.725 * (self.weight_kg / KG_PER_POUND) ** 0.425)

    @property
    def blood_volume_ml(self) -> float:
        """Blood volume from height and weight (Bae 1998, as restated in the physics notes, A)."""
        if self.sex == "M":
            return 33.164 * self._size - 1229
        return 34.85 * self._size - 1954

    @property
    def cardiac_output_ml_per_min(self) -> float:
        """Cardiac output from size (Bae 1998), age and cirrhosis (estimates of the physics notes, A)."""
        aged = 1 - 0.003 * max(self.age_years - 40, 0)
        return 36.36 * self._size * aged * self.cardiac_output_factor * (1.15 if self.cirrhosis else 1.0)
