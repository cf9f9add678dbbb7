"""The circulation behind what the vessels of a study show: the whole-body model fitted back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from ..base.errors import ConfigError
from .circulation import Circulation, circulate
from .injection import Injection
from .patient import Patient
from .tube import kappa_hu_per_mg_ml

Floats = npt.NDArray[np.float64]

_PRIOR = {
    "log_output": (0.0, 0.20),
    "haematocrit": (0.0, 0.04),
    "gfr_ml_per_min": (90.0, 25.0),
    "log_kappa": (0.0, 0.25),
}
"""Mean and spread over patients (physics notes, A). ``haematocrit`` is the deviation from what the sex predicts; the
spread of ``log_kappa`` is our choice: it covers 80 to 140 kVp and a dose that is not known."""
_LIMITS = {"log_output": 1.5, "haematocrit": 0.12, "gfr_ml_per_min": 75.0, "log_kappa": 1.2}
"""Largest distance from the prior's mean at which a patient is still possible."""
_LATEST_SD = 3.0
"""Standard deviations by which a scan of unknown time can be off."""
_LATER = "later_s "
INTERVAL_Z = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Enhancement of one region at one time: HU above the unenhanced HU of the same region."""

    roi: str
    """A name of ``Circulation.mg_per_ml``: aorta, portal_vein, liver, spleen, ivc, ..."""
    time_s: float
    enhancement_hu: float
    sd_hu: float = 1.0
    """Uncertainty of the measurement and of the model for this region."""
    scan: str = ""
    """Name of the scan it is from; those of one scan share their time."""

    def __post_init__(self) -> None:
        if self.sd_hu <= 0 or self.time_s < 0:
            raise ConfigError(f"An observation needs a positive sd and a time from zero on, got {self}.")


@dataclass(frozen=True, slots=True)
class Fitted:
    """What explains the observations best, with its uncertainty."""

    circulation: Circulation
    patient: Patient
    injection: Injection
    kappa: float
    """HU per mg/ml; where the injection is not known it carries the dose as well."""
    values: Mapping[str, float]
    """Fitted parameters in the space of the prior."""
    covariance: Floats
    """(K, K) of ``values`` in their order: Gauss-Newton, prior included."""
    residual_hu: Floats
    """(N,) observed minus fitted."""

    def enhancement_hu(self, roi: str, times_s: Sequence[float] | Floats) -> Floats:
        """Fitted enhancement of a region at any times, shape (T,)."""
        return np.asarray(self.kappa * np.interp(times_s, self.circulation.time_s, self.circulation.mg_per_ml[roi]))

    @property
    def cardiac_output_ml_per_min(self) -> float:
        """Fitted cardiac output."""
        return self.patient.cardiac_output_ml_per_min

    @property
    def cardiac_output_interval(self) -> tuple[float, float]:
        """Its 95 % interval, from the covariance of the logarithm."""
        spread = INTERVAL_Z * float(np.sqrt(self.covariance[0, 0]))
        return self.cardiac_output_ml_per_min * float(np.exp(-spread)), self.cardiac_output_ml_per_min * float(
            np.exp(spread)
        )


def fit_circulation(
    observations: Sequence[Observation],
    patient: Patient,
    *,
    injection: Injection | None = None,
    kappa: float | None = None,
    time_sd_s: Mapping[str, float] | None = None,
    max_evaluations: int = 20,
) -> Fitted:
    """Cardiac output, filtration, haematocrit (where not known) and gain (where not known), by least squares.

    The spread of each over patients is its prior, so few observations leave the typical patient. ``patient`` gives
    size, sex and age; its ``cardiac_output_factor`` and ``gfr_ml_per_min`` are not used. Without ``injection`` the
    usual one for the weight is taken and the gain carries the dose, so ``kappa`` cannot be given then. ``time_sd_s``
    names the scans whose times are not known but for this spread; how much later each was is among the values, as
    ``later_s SCAN``.

    Raises:
        ConfigError: for a region that the circulation does not have, or ``kappa`` without ``injection``.
    """
    if kappa is not None and injection is None:
        raise ConfigError("The tube voltage factor says nothing without the injection: give both or neither.")
    given = injection or Injection.for_patient(patient.weight_kg)
    problem = _Problem(tuple(observations), patient, given, kappa, dict(time_sd_s or {}))
    names = problem.names
    center = np.array([problem.prior(n)[0] for n in names])
    reach = np.array([_LIMITS.get(n, _LATEST_SD * problem.prior(n)[1]) for n in names])
    found = least_squares(
        problem.misses,
        center,
        bounds=(center - reach, center + reach),
        x_scale=[problem.prior(n)[1] for n in names],
        max_nfev=max_evaluations,
    )
    slopes = np.asarray(found.jac, np.float64)
    best, circulation, gain = problem.at(found.x)
    later_s = problem.later_s(found.x)
    return Fitted(
        circulation=circulation,
        patient=best,
        injection=given,
        kappa=gain,
        values=dict(zip(names, map(float, found.x), strict=True)),
        covariance=np.linalg.inv(slopes.T @ slopes).astype(np.float64),
        residual_hu=problem.residual_hu(circulation, gain, later_s),
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    observations: tuple[Observation, ...]
    patient: Patient
    injection: Injection
    kappa: float | None
    time_sd_s: Mapping[str, float]
    known: dict[tuple[float, float, float], Circulation] = field(default_factory=dict)
    """Circulations by output, filtration and haematocrit: gain and times need no new one."""

    @property
    def names(self) -> tuple[str, ...]:
        known = {"haematocrit": self.patient.haematocrit, "log_kappa": self.kappa}
        return (*(n for n in _PRIOR if known.get(n) is None), *(_LATER + scan for scan in self.time_sd_s))

    def prior(self, name: str) -> tuple[float, float]:
        """Mean and spread of a parameter."""
        return (0.0, self.time_sd_s[name.removeprefix(_LATER)]) if name.startswith(_LATER) else _PRIOR[name]

    def later_s(self, x: Floats) -> dict[str, float]:
        """How much later than thought each scan of unknown time was."""
        value = dict(zip(self.names, map(float, x), strict=True))
        return {scan: value[_LATER + scan] for scan in self.time_sd_s}

    def at(self, x: Floats) -> tuple[Patient, Circulation, float]:
        """Patient, circulation and gain of a parameter vector."""
        value = dict(zip(self.names, map(float, x), strict=True))
        patient = replace(
            self.patient,
            cardiac_output_factor=float(np.exp(value["log_output"])),
            gfr_ml_per_min=value["gfr_ml_per_min"],
            haematocrit=self.patient.hematocrit + value.get("haematocrit", 0.0),
        )
        gain = kappa_hu_per_mg_ml(120.0) * float(np.exp(value.get("log_kappa", 0.0)))
        key = (patient.cardiac_output_factor, patient.gfr_ml_per_min, patient.hematocrit)
        if key not in self.known:
            self.known[key] = circulate(patient, self.injection)
        return patient, self.known[key], self.kappa or gain

    def residual_hu(self, circulation: Circulation, gain: float, later_s: Mapping[str, float]) -> Floats:
        """(N,) observed minus modeled."""
        missing = {o.roi for o in self.observations} - set(circulation.mg_per_ml)
        if missing:
            regions = ", ".join(circulation.mg_per_ml)
            raise ConfigError(f"The circulation has no region {', '.join(sorted(missing))}; it has {regions}.")
        curves = circulation.mg_per_ml
        times = [o.time_s + later_s.get(o.scan, 0.0) for o in self.observations]
        modeled = [
            gain * float(np.interp(t, circulation.time_s, curves[o.roi]))
            for o, t in zip(self.observations, times, strict=True)
        ]
        pairs = zip(self.observations, modeled, strict=True)
        return np.array([o.enhancement_hu - hu for o, hu in pairs])

    def misses(self, x: Floats) -> Floats:
        """Residuals in units of their sd, then the distance from the prior."""
        _, circulation, gain = self.at(x)
        data = self.residual_hu(circulation, gain, self.later_s(x)) / np.array([o.sd_hu for o in self.observations])
        prior = [(v - self.prior(n)[0]) / self.prior(n)[1] for n, v in zip(self.names, x, strict=True)]
        return np.array([*data, *prior])
