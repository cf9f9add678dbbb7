"""Contrast agent through the whole body: concentration over time in vessels and organs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import expm

from .body import ROI_ML, Body, make_body
from .injection import Injection
from .patient import Patient

Floats = npt.NDArray[np.float64]

DELAY_S = 9.5
"""Pure delay between injector and first arrival (physics notes, A)."""

_VESSELS = ("aorta", "portal_vein", "hepatic_vein", "ivc", "pulmonary_artery")
_ORGANS = {"liver": "liver", "spleen": "spleen", "kidney": "kidney", "muscle": "trunk", "gut": "gut",
           "heart": "heart", "lung": "lung"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Circulation:
    """Iodine over time, injection beginning at zero."""

    time_s: Floats
    """(N,), equally spaced from zero."""
    mg_per_ml: Mapping[str, Floats]
    """Vessel or organ to (N,) concentration as a region of interest sees it: in blood, or per volume of organ."""
    haematocrit: float
    mass_mg: Floats
    """(N,) iodine in the body and in urine; what was injected, up to rounding."""
    urine_mg: Floats
    """(N,) iodine that has left the kidneys."""


def circulate(patient: Patient, injection: Injection, *, duration_s: float = 330.0, step_s: float = 0.5) -> Circulation:
    """Step the circulation exactly (one matrix exponential per segment of the injection) and read off the curves.

    While contrast agent or saline flows, the injected arm's vein and the superior vena cava empty faster by the rate
    of the injection; otherwise the system is the one of ``make_body``.
    """
    body = make_body(patient)
    num = round(duration_s / step_s) + 1
    time_s: Floats = np.arange(num, dtype=np.float64) * step_s
    mass_mg = _delayed(_run(body, injection, time_s), time_s)
    concentration = mass_mg / body.volume_ml
    curves = {name: concentration[:, body.index(name)] for name in _VESSELS}
    for name, compartment in _ORGANS.items():
        parts = [f"{compartment}_blood", f"{compartment}_tissue", *(["tubules"] if name == "kidney" else [])]
        held_mg = mass_mg[:, [body.index(part) for part in parts]].sum(axis=1)
        curves[name] = held_mg / (ROI_ML[name] * body.weight_factor)
    return Circulation(
        time_s=time_s,
        mg_per_ml=curves,
        haematocrit=body.haematocrit,
        mass_mg=mass_mg.sum(axis=1),
        urine_mg=mass_mg[:, body.index("urine")],
    )


def _run(body: Body, injection: Injection, time_s: Floats) -> Floats:
    """Mass by compartment at each time, (N, compartments), without the delay."""
    segments = (
        (injection.duration_s, injection.rate_ml_per_s, injection.concentration_mg_per_ml),
        (injection.saline_end_s, injection.rate_ml_per_s, 0.0),
        (np.inf, 0.0, 0.0),
    )
    state = np.zeros(len(body.names) + 1)
    state[-1] = 1.0  # drives the constant inflow
    out = np.zeros((len(time_s), len(body.names)))
    step_s = float(time_s[1] - time_s[0])
    now, k = 0.0, 0
    for end_s, rate, concentration in segments:
        system = _system(body, rate, concentration)
        whole_step = expm(system * step_s)
        while k < len(time_s) and time_s[k] <= end_s:
            gap = float(time_s[k]) - now
            state = (whole_step if abs(gap - step_s) < 1e-9 else expm(system * gap)) @ state
            out[k], now, k = state[:-1], float(time_s[k]), k + 1
        if np.isfinite(end_s) and end_s > now:
            state, now = expm(system * (end_s - now)) @ state, end_s
    return out


def _system(body: Body, rate_ml_per_s: float, concentration_mg_per_ml: float) -> Floats:
    """The matrix with the injection's flow added, and the inflow as a last column."""
    num = len(body.names)
    system = np.zeros((num + 1, num + 1))
    system[:num, :num] = body.matrix
    path = (
        ("arm_vein", "svc", body.arm_vein_ml_per_s),
        ("svc", "right_heart", body.svc_ml_per_s),
    )
    for source, target, resting in path:
        i, j = body.index(source), body.index(target)
        rate = (resting + rate_ml_per_s) / body.volume_ml[i]
        system[i, i] -= rate
        system[j, i] += rate
    system[body.index("arm_vein"), num] = rate_ml_per_s * concentration_mg_per_ml
    return system


def _delayed(values: Floats, time_s: Floats) -> Floats:
    """The rows of ``values`` DELAY_S later, linear in between, zero before."""
    shift = DELAY_S / float(time_s[1] - time_s[0])
    low = int(np.floor(shift))
    share = shift - low
    padded = np.concatenate([np.zeros((low + 1, values.shape[1])), values])
    later, earlier = padded[1 : len(values) + 1], padded[: len(values)]
    return np.asarray((1 - share) * later + share * earlier)
