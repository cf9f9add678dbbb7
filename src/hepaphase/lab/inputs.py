"""The input functions of a study: a circulation fitted to what its aorta and portal vein show."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..kinetics.basis import make_basis
from ..kinetics.circulation import Circulation
from ..kinetics.fit import Observation, fit_circulation
from ..kinetics.patient import Patient
from ..phantom.tissues import Enhancement
from ..study.phase import TYPICAL_TIME_S, Phase

Floats = npt.NDArray[np.float64]

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
    """The circulation that explains the vessels best (``kinetics.fit``), and the times that are not recorded.

    Least squares with the spreads of the population as a prior, so that phases and vessels that are missing leave the
    typical patient and protocol (530 mg/kg in 30 s). The unenhanced blood is what the NC phase shows, else what the
    haematocrit gives (physics notes, B).
    """
    unknown = {str(p): sd for p, sd in _TIME_SD_S.items() if p in times_s and times_s[p] is None}
    start = {p: float(TYPICAL_TIME_S[p] if (t := times_s.get(p)) is None else t) for p in Phase}
    rows = [(v, p, e) for v in _VESSELS for p, e in _measured(vessels.of(v), patient).items()]
    seen = [
        Observation(
            roi=vessel,
            time_s=start[phase],
            enhancement_hu=gain_hu,
            sd_hu=float(np.hypot(_DATA_SD_HU, _DATA_SD_SHARE * gain_hu)),
            scan=str(phase),
        )
        for vessel, phase, gain_hu in rows
    ]
    found = fit_circulation(seen, patient, time_sd_s=unknown)
    later_s = {p: found.values.get(f"later_s {p}", 0.0) for p in Phase}
    return Inputs(
        found.circulation,
        found.kappa,
        {p: t + later_s[p] for p, t in start.items()},
        found.patient.cardiac_output_factor,
        {f"{v} {p}": float(r) for (v, p, _), r in zip(rows, found.residual_hu, strict=True)},
    )


def _measured(values: Mapping[Phase, float], patient: Patient) -> dict[Phase, float]:
    """Enhancement of one vessel in the enhanced phases."""
    blood = values.get(Phase.NC, 70 * patient.hematocrit + 10)
    return {p: hu - blood for p, hu in values.items() if p is not Phase.NC}
