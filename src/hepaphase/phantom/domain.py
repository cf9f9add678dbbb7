"""A hospital's scanner: how it scans, and how often an examination goes wrong in which way."""

from dataclasses import dataclass

from ..base.errors import ConfigError

FAILURES = {
    "wrong_label": 0.03,
    "extravasation": 0.005,
    "late_bolus": 0.005,
    "low_cardiac_output": 0.05,
    "breathing_blur": 0.03,
    "arms_down": 0.04,
    "metal": 0.02,
    "partial_liver": 0.03,
    "thick_nc": 0.10,
    "oral_contrast": 0.05,
    "clipped_hu": 0.0025,
    "wrong_rescale": 0.0025,
    "left_right_flip": 0.002,
    "pvp_only": 0.10,
    "truncated_fov": 0.03,
    "prior_contrast": 0.01,
}
"""Named failure to its probability in one examination (physics notes, C; where it names two in one, half each)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """How one hospital scans; the defaults are the plain scanner of the ``main-*`` cohorts.

    Raises:
        ConfigError: for a failure of an unknown name, or a probability that is none.
    """

    name: str = "plain"
    kvps: tuple[float, ...] = (120, 100, 80, 140)
    kvp_shares: tuple[float, ...] = (0.8, 0.15, 0.03, 0.02)
    dose_mgy: float = 10.0
    """Median CTDIvol."""
    reconstructions: tuple[tuple[float, float], ...] = ((0.27, 1.0), (0.18, 0.80), (0.14, 0.75))
    """Peak of the noise spectrum, 1/mm, and noise against filtered back projection."""
    slices_mm: tuple[float, ...] = (1.0, 1.25, 2.0, 3.0, 5.0)
    arterial_s: tuple[float, float] | None = None
    """Mean and standard deviation of a fixed arterial delay; None tracks the bolus."""
    helical_s: tuple[float, float] | None = None
    """Shortest and longest scan of one phase; None scans in an instant."""
    hardening_hu: tuple[float, float] | None = None
    """Range of the cupping in the middle of a body of 30 cm; None has none."""
    center_noise: float = 1.0
    """Noise in the middle of the body against its mean."""
    thick_slices: bool = False
    """Whether slices thicker than the grid's also blur, besides having less noise."""
    failures: tuple[tuple[str, float], ...] = ()
    """Name of a failure to its probability in one examination."""

    def __post_init__(self) -> None:
        for name, probability in self.failures:
            if name not in FAILURES:
                raise ConfigError(f"No failure is called '{name}'. Known: {', '.join(FAILURES)}.")
            if not 0 <= probability <= 1:
                raise ConfigError(f"The probability of {name} must lie between 0 and 1, got {probability}.")

    @property
    def is_plain(self) -> bool:
        """Whether nothing was added to the scanner of the ``main-*`` cohorts."""
        return self == PLAIN


def without(*names: str) -> tuple[tuple[str, float], ...]:
    """Every failure at its rate, but for those named."""
    return tuple((name, rate) for name, rate in FAILURES.items() if name not in names)


PLAIN = Domain()

FIRST = Domain(
    name="first",
    helical_s=(2.0, 9.0),
    hardening_hu=(2.0, 8.0),
    center_noise=1.2,
    thick_slices=True,
    failures=without("pvp_only"),
)
"""The hospital of the reference cohorts. All four phases are always there: a benchmark chooses who sees which."""

SECOND = Domain(
    name="second",
    kvps=(100, 120, 80),
    kvp_shares=(0.6, 0.3, 0.1),
    dose_mgy=6.5,
    reconstructions=((0.14, 0.75), (0.09, 0.53)),
    slices_mm=(3.0, 5.0),
    arterial_s=(33.0, 3.0),
    helical_s=(4.0, 12.0),
    hardening_hu=(4.0, 10.0),
    center_noise=1.3,
    thick_slices=True,
    failures=without("pvp_only"),
)
"""Another hospital, never trained on: lower voltage and dose, stronger reconstruction, thicker slices, a fixed arterial
delay, slower tables (our choice)."""
