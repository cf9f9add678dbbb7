"""The examination: who, what injection, when each phase is scanned, how noisy, where the breath was held."""

from dataclasses import dataclass, replace

import numpy as np

from ..base.seeds import stream
from ..kinetics.circulation import Circulation, circulate
from ..kinetics.injection import Injection
from ..kinetics.patient import Patient
from ..kinetics.tube import kappa_hu_per_mg_ml
from ..study.geometry import Xyz
from ..study.phase import Phase
from .domain import PLAIN, Domain
from .events import Event, find_event

TRIGGER_HU = 100.0


@dataclass(frozen=True, slots=True)
class Exam:
    """Everything drawn about one examination (physics notes, C)."""

    patient: Patient
    injection: Injection
    kvp: float
    kappa: float
    """HU per mg/ml, with the scanner's own deviation."""
    times_s: dict[Phase, float]
    """Middle of each scan after the start of injection."""
    noise_hu: float
    """Standard deviation at 1.5 mm slices and 0.8 mm pixels, middle of the body."""
    noise_peak_per_mm: float
    """Where the noise power spectrum peaks."""
    blur_mm: float
    """Full width at half maximum of the kernel."""
    slice_mm: float
    offset_hu: dict[Phase, float]
    """Calibration."""
    breath_mm: dict[Phase, Xyz]
    """Shift of the abdomen against the reference phase."""


def draw_exam(
    seed: int,
    *,
    sex: str,
    age_years: float,
    cirrhosis: bool,
    domain: Domain = PLAIN,
    events: tuple[Event, ...] = (),
) -> tuple[Exam, Circulation]:
    """One examination and its circulation; of the failures those of heart and injection act here."""
    rng = stream(seed, "exam")
    patient = _patient(rng, sex, age_years, cirrhosis)
    dose = float(np.clip(rng.normal(530, 80), 300, 800))
    injection = Injection.for_patient(
        patient.weight_kg,
        dose_mg_per_kg=dose,
        duration_s=float(np.clip(rng.normal(30, 4), 18, 45)),
        concentration_mg_per_ml=float(rng.choice([300, 320, 350, 370, 400])),
        saline_ml=float(rng.choice([0, 30])),
    )
    patient, injection = _befallen(patient, injection, events)
    circulation = circulate(patient, injection)
    kvp = float(rng.choice(domain.kvps, p=domain.kvp_shares))
    diameter = float(np.clip(22 + 0.11 * patient.weight_kg, 22, 40))
    kappa = kappa_hu_per_mg_ml(kvp, diameter_cm=diameter) * float(rng.normal(1, 0.04))
    scanner_hu = float(rng.normal(0, 2))
    dose_mgy = float(rng.lognormal(np.log(domain.dose_mgy), 0.35))
    peak, reduction = domain.reconstructions[int(rng.integers(len(domain.reconstructions)))]
    exam = Exam(
        patient=patient,
        injection=injection,
        kvp=kvp,
        kappa=kappa,
        times_s=_times(rng, circulation, kappa, domain.arterial_s),
        noise_hu=float(12 * np.sqrt(10 / dose_mgy) * np.exp(0.10 * (diameter - 30) / 2) * reduction),
        noise_peak_per_mm=peak,
        blur_mm=float(rng.uniform(0.8, 1.6)),
        slice_mm=float(rng.choice(domain.slices_mm)),
        offset_hu={p: scanner_hu + float(rng.normal(0, 1)) for p in Phase},
        breath_mm={p: (0.0, 0.0, 0.0) if p is Phase.PVP else _breath(rng) for p in Phase},
    )
    return exam, circulation


def _befallen(patient: Patient, injection: Injection, events: tuple[Event, ...]) -> tuple[Patient, Injection]:
    """A failing heart; contrast agent beside the vein."""
    if event := find_event(events, "low_cardiac_output"):
        patient = replace(patient, cardiac_output_factor=patient.cardiac_output_factor * event.amount)
    if event := find_event(events, "extravasation"):
        injection = replace(
            injection,
            volume_ml=injection.volume_ml * event.amount,
            rate_ml_per_s=injection.rate_ml_per_s * event.amount,
        )
    return patient, injection


def _patient(rng: np.random.Generator, sex: str, age_years: float, cirrhosis: bool) -> Patient:
    height = float(np.clip(rng.normal(172 if sex == "M" else 160, 7), 142, 200))
    bmi = float(np.clip(rng.lognormal(np.log(25), 0.16), 17, 42))
    hematocrit = float(np.clip(rng.normal(0.42 if sex == "M" else 0.38, 0.04), 0.25, 0.55))
    return Patient(
        sex=sex,
        age_years=age_years,
        height_cm=height,
        weight_kg=bmi * (height / 100) ** 2,
        cirrhosis=cirrhosis,
        haematocrit=hematocrit,
        gfr_ml_per_min=float(np.clip(rng.normal(90, 25), 15, 150)),
        cardiac_output_factor=float(rng.lognormal(0, 0.20)),
    )


def _times(
    rng: np.random.Generator, circulation: Circulation, kappa: float, arterial_s: tuple[float, float] | None
) -> dict[Phase, float]:
    """Bolus tracking for the arterial phase, unless it has a fixed delay; fixed delays for the others."""
    aorta = kappa * circulation.mg_per_ml["aorta"]
    above = aorta > TRIGGER_HU
    trigger = float(circulation.time_s[int(np.argmax(above))]) if above.any() else 25.0
    late = rng.random() < 0.85
    delay = float(rng.normal(17, 3.5) if late else rng.normal(8, 2.5))
    if arterial_s:
        trigger, delay = 0.0, float(rng.normal(*arterial_s))
    delayed = float(rng.normal(180, 30) if rng.random() < 0.75 else rng.normal(300, 30))
    return {
        Phase.NC: 0.0,
        Phase.AP: float(np.clip(trigger + delay, 12, 62)),
        Phase.PVP: float(np.clip(rng.normal(70, 6), 55, 90)),
        Phase.DP: float(np.clip(delayed, 110, 325)),
    }


def _breath(rng: np.random.Generator) -> Xyz:
    size = float(rng.normal(0, 3.5 if rng.random() < 0.93 else 12.0))
    return (0.2 * float(rng.normal(0, 3.5)), 0.4 * float(rng.normal(0, 3.5)), size)
