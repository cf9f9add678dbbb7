"""Possible examinations: what regions measure in each phase and at each second, drawn from the whole-body model."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..kinetics.circulation import Circulation, circulate
from ..kinetics.injection import Injection
from ..kinetics.patient import Patient
from ..kinetics.tube import kappa_hu_per_mg_ml
from ..study.phase import Phase

Floats = npt.NDArray[np.float64]

REGIONS = ("aorta", "portal_vein", "vena_cava", "liver", "spleen", "kidneys")
"""Regions that tell a phase, by the names of the organ masks."""

_CURVES = {"vena_cava": "ivc", "kidneys": "kidney"}
TIMES_S: Floats = np.array([0.0, *np.arange(12.0, 110.0, 2.0), *np.arange(110.0, 331.0, 5.0)])
"""Seconds after the start of injection that are told apart; zero stands for no contrast agent."""
_REPEATS = 4
"""Unenhanced values, tube voltages and livers drawn for each circulation: circulations cost, these do not."""
_LIVER_GAIN, _LIVER_SPREAD = 0.93, 0.18
"""Voxels of normal liver enhance 6 to 10 % less than the organ of the model (physics notes, A, residuals); cirrhosis
and perfusion vary (our choice)."""
_TRIGGER_HU = 100.0
SEED = 0
"""Of all draws, unless another is asked for."""


@dataclass(frozen=True, slots=True)
class Exams:
    """Draws of an examination."""

    unenhanced_hu: Floats
    """(E, regions)."""
    gain_hu: Floats
    """(E, times, regions): enhancement."""
    log_prior: Floats
    """(E, phases, times): logarithm of how often a phase is scanned at a time in this patient; -inf for never."""


@lru_cache(maxsize=2)
def draw_exams(num_circulations: int = 192, seed: int = SEED) -> Exams:
    """Patients, injections and scanners as the physics notes (A, C) spread them, protocols a little wider."""
    rng = stream(seed, "recognition")
    unenhanced, gains, priors = [], [], []
    for _ in range(num_circulations):
        patient = _draw_patient(rng)
        circulation = circulate(patient, _draw_injection(rng, patient), duration_s=330.0, step_s=2.0)
        curves = np.stack(
            [np.interp(TIMES_S, circulation.time_s, circulation.mg_per_ml[_CURVES.get(r, r)]) for r in REGIONS], axis=1
        )
        for _ in range(_REPEATS):
            kvp = float(rng.choice([120, 100, 80, 140], p=[0.70, 0.22, 0.05, 0.03]))
            kappa = kappa_hu_per_mg_ml(kvp, diameter_cm=float(rng.uniform(24, 36))) * float(rng.normal(1, 0.04))
            gain = kappa * curves
            gain[:, REGIONS.index("liver")] *= _LIVER_GAIN * np.exp(_LIVER_SPREAD * rng.standard_normal())
            gains.append(gain)
            unenhanced.append(_draw_unenhanced(rng, circulation))
            priors.append(_log_prior(circulation, kappa))
    return Exams(np.array(unenhanced), np.array(gains), np.array(priors))


def _draw_patient(rng: np.random.Generator) -> Patient:
    sex = "M" if rng.random() < 0.5 else "F"
    height_cm = float(np.clip(rng.normal(172 if sex == "M" else 160, 7), 142, 200))
    return Patient(
        sex=sex,
        age_years=float(np.clip(rng.normal(58, 14), 20, 90)),
        height_cm=height_cm,
        weight_kg=float(np.clip(rng.lognormal(np.log(25), 0.16), 17, 42)) * (height_cm / 100) ** 2,
        cirrhosis=bool(rng.random() < 0.25),
        haematocrit=float(np.clip(rng.normal(0.42 if sex == "M" else 0.38, 0.05), 0.22, 0.55)),
        gfr_ml_per_min=float(np.clip(rng.normal(90, 25), 15, 150)),
        cardiac_output_factor=float(rng.lognormal(0, 0.25)),
    )


def _draw_injection(rng: np.random.Generator, patient: Patient) -> Injection:
    return Injection.for_patient(
        patient.weight_kg,
        dose_mg_per_kg=float(np.clip(rng.normal(530, 110), 200, 850)),
        duration_s=float(np.clip(rng.normal(30, 6), 15, 60)),
        concentration_mg_per_ml=float(rng.choice([300, 320, 350, 370, 400])),
        saline_ml=float(rng.choice([0, 30])),
    )


def _draw_unenhanced(rng: np.random.Generator, circulation: Circulation) -> list[float]:
    """HU without contrast agent: blood by its red cells, organs by the physics notes; one liver in five is fatty."""
    blood = 70 * circulation.haematocrit + 10
    liver = rng.normal(55, 7) if rng.random() < 0.8 else 65 - 1.7 * rng.uniform(5, 30)
    spleen, kidneys = rng.normal(48, 4), rng.normal(33, 4)
    offset = rng.normal(0, 3)
    return [float(v + offset) for v in (blood, blood, blood, liver, spleen, kidneys)]


def _log_prior(circulation: Circulation, kappa: float) -> Floats:
    """(phases, times). The arterial phase follows the bolus, early or late; the others go by the clock.

    The spread of the times is that of the physics notes (C), made wider (our choice).
    """
    aorta = circulation.mg_per_ml["aorta"]
    above = kappa * aorta > _TRIGGER_HU
    trigger_s = float(circulation.time_s[int(np.argmax(above))]) if above.any() else 25.0
    weight = np.zeros((len(Phase), len(TIMES_S)))
    t = TIMES_S
    step = np.gradient(t)
    step[:2] = step[2]
    weight[0, 0] = 1.0
    weight[1] = step * (0.8 * _bell(t, trigger_s + 16, 6.0) + 0.2 * _bell(t, trigger_s + 6, 4.0))
    weight[1, (t < 12) | (t > 62)] = 0
    weight[2] = step * _bell(t, 71, 9.0)
    weight[2, (t < 52) | (t > 108)] = 0
    weight[3] = step * (0.7 * _bell(t, 180, 35.0) + 0.3 * _bell(t, 300, 35.0))
    weight[3, t < 105] = 0
    weight[1:, 0] = 0
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(weight / weight.sum(axis=1, keepdims=True)))


def _bell(t: Floats, middle: float, sd: float) -> Floats:
    return np.asarray(np.exp(-0.5 * ((t - middle) / sd) ** 2) / sd)
