"""The input functions of a study: a circulation fitted to what its aorta and portal vein show."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from ..kinetics.basis import make_basis
from ..kinetics.circulation import Circulation, circulate
from ..kinetics.injection import Injection
from ..kinetics.patient import Patient
from ..kinetics.tube import kappa_hu_per_mg_ml
from ..phantom.tissues import Enhancement
from ..study.phase import TYPICAL_TIME_S, Phase

Floats = npt.NDArray[np.float64]

_OUTPUT_SD, _GAIN_SD = 0.20, 0.25
"""Spread of the logarithm of cardiac output (physics notes, A), and of dose times tube factor (our choice)."""
_TIME_SD_S = {Phase.AP: 5.0, Phase.PVP: 6.0, Phase.DP: 30.0}
"""Spread of a scan's time where it is not recorded (physics notes, C)."""
_DATA_SD_HU, _DATA_SD_SHARE = 6.0, 0.06
"""Uncertainty of a region's enhancement: its own, and what the circulation misses (physics notes, A: 6.7 %)."""
_VESSELS = ("aorta", "portal_vein")


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselHu:
    """Mean HU of the vessels in each phase, as far as they could be measured."""

    aorta: Mapping[Phase, float]
    portal_vein: Mapping[Phase, float]

    def of(self, vessel: str) -> Mapping[Phase, float]:
        """One of them."""
        return self.aorta if vessel == "aorta" else self.portal_vein


@dataclass(frozen=True, slots=True)
class Inputs:
    """What drives enhancement in one study."""

    circulation: Circulation
    kappa: float
    """HU per mg/ml; dose and tube voltage cannot be told apart, so it carries both."""
    times_s: Mapping[Phase, float]
    """Of all four phases, scanned or not."""
    cardiac_output_factor: float
    residual_hu: Mapping[str, float]
    """Measured minus fitted, by vessel and phase."""

    def vessel_hu(self, vessel: str, phase: Phase) -> float:
        """Fitted enhancement of a vessel or organ of the circulation."""
        if phase is Phase.NC:
            return 0.0
        curve = self.circulation.mg_per_ml[vessel]
        return float(self.kappa * np.interp(self.times_s[phase], self.circulation.time_s, curve))

    def record(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "kappa": round(self.kappa, 4),
            "cardiac_output_factor": round(self.cardiac_output_factor, 4),
            "times_s": {str(p): round(t, 2) for p, t in self.times_s.items()},
            "residual_hu": {name: round(v, 2) for name, v in self.residual_hu.items()},
        }


class StudyEnhancement(Enhancement):
    """Tissue to HU in each phase, driven by the inputs of a study instead of a drawn examination."""

    def __init__(self, inputs: Inputs) -> None:
        self._kappa = inputs.kappa
        self._haematocrit = inputs.circulation.haematocrit
        self._basis = make_basis(inputs.circulation, [inputs.times_s[p] for p in Phase if p is not Phase.NC])


def patient_of(clinical: Mapping[str, Any]) -> Patient:
    """The patient as far as the clinical table tells; else the typical one."""
    known: dict[str, Any] = {}
    if clinical.get("sex") in ("M", "F"):
        known["sex"] = clinical["sex"]
    if isinstance(clinical.get("age"), int | float) and clinical["age"] > 0:
        known["age_years"] = float(clinical["age"])
    return replace(Patient(), **known, cirrhosis=bool(clinical.get("cirrhosis", False)))


def fit_inputs(vessels: VesselHu, times_s: Mapping[Phase, float | None], patient: Patient) -> Inputs:
    """The circulation that explains the vessels best: cardiac output, gain, and the times that are not recorded.

    Least squares with the spreads of the population as a prior, so that phases and vessels that are missing leave the
    typical patient and protocol (530 mg/kg in 30 s). The unenhanced blood is what the NC phase shows, else what the
    haematocrit gives (physics notes, B).
    """
    injection = Injection.for_patient(patient.weight_kg)
    usual = kappa_hu_per_mg_ml(120.0)
    unknown = [p for p in _TIME_SD_S if p in times_s and times_s[p] is None]
    start = {p: float(TYPICAL_TIME_S[p] if (t := times_s.get(p)) is None else t) for p in Phase}
    rows = [(v, p, e) for v in _VESSELS for p, e in _measured(vessels.of(v), patient).items()]
    known: dict[float, Circulation] = {}

    def model(x: Floats) -> Inputs:
        factor = float(np.exp(x[0]))
        if factor not in known:
            known[factor] = circulate(replace(patient, cardiac_output_factor=factor), injection)
        times = start | {p: start[p] + float(dt) for p, dt in zip(unknown, x[2:], strict=True)}
        return Inputs(known[factor], usual * float(np.exp(x[1])), times, factor, {})

    def misses(x: Floats) -> Floats:
        guess = model(x)
        data = [(e - guess.vessel_hu(v, p)) / np.hypot(_DATA_SD_HU, _DATA_SD_SHARE * e) for v, p, e in rows]
        prior = [x[0] / _OUTPUT_SD, x[1] / _GAIN_SD, *(x[2:] / [_TIME_SD_S[p] for p in unknown])]
        return np.array([*data, *prior])

    x = np.zeros(2 + len(unknown))
    if rows:
        scale = np.array([0.1, 0.1, *(_TIME_SD_S[p] for p in unknown)])
        x = least_squares(misses, x, x_scale=scale, max_nfev=20).x
    best = model(x)
    return replace(best, residual_hu={f"{v} {p}": e - best.vessel_hu(v, p) for v, p, e in rows})


def _measured(values: Mapping[Phase, float], patient: Patient) -> dict[Phase, float]:
    """Enhancement of one vessel in the enhanced phases."""
    blood = values.get(Phase.NC, 70 * patient.hematocrit + 10)
    return {p: hu - blood for p, hu in values.items() if p is not Phase.NC}
