"""The circulation against published enhancement; what it is known to miss is asserted as missed."""

import numpy as np
import pytest

from hepaphase.kinetics.circulation import Circulation, circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient
from hepaphase.kinetics.tissue import enhancement_mg_ml
from hepaphase.kinetics.tube import kappa_hu_per_mg_ml
from hepaphase.study.lesions import LIVER_CIRRHOSIS, LIVER_NORMAL

KAPPA = kappa_hu_per_mg_ml(120)

# Bolus tracking at +50 HU, 171 patients (AJR, R10): published HU at seconds after the trigger.
FITTED = {
    "aorta": {10: 300, 15: 336, 45: 125, 55: 117},
    "portal_vein": {10: 75, 15: 104},
    "spleen": {10: 97, 15: 108, 45: 82, 55: 73},
    "liver": {10: 15, 15: 25, 45: 59, 50: 61, 55: 63},
    "hepatic_vein": {10: 24, 15: 51},
}
EARLY_MIDDLE_S, PORTAL_MIDDLE_S = 3.5, 6.0
"""From the start of a scan to its middle."""


def hu(curves: Circulation, name: str, time_s: float, kappa: float = KAPPA) -> float:
    return float(kappa * np.interp(time_s, curves.time_s, curves.mg_per_ml[name]))


def peak(curves: Circulation, name: str) -> float:
    return float(KAPPA * curves.mg_per_ml[name].max())


def peak_s(curves: Circulation, name: str) -> float:
    return float(curves.time_s[curves.mg_per_ml[name].argmax()])


def trigger_s(curves: Circulation, threshold_hu: float) -> float:
    return float(curves.time_s[int(np.argmax(KAPPA * curves.mg_per_ml["aorta"] > threshold_hu))])


def tracked() -> Circulation:
    patient = Patient(sex="M", weight_kg=58, height_cm=160, cardiac_output_factor=1.1)
    injection = Injection(concentration_mg_per_ml=300, volume_ml=116, rate_ml_per_s=4, saline_ml=0)
    return circulate(patient, injection)


def fit_errors() -> dict[tuple[str, int], float]:
    curves = tracked()
    start = trigger_s(curves, 50)
    return {
        (name, delay): hu(curves, name, start + delay + (EARLY_MIDDLE_S if delay < 30 else PORTAL_MIDDLE_S)) - published
        for name, points in FITTED.items()
        for delay, published in points.items()
    }


def test_seventeen_fitted_points_within_11_hu_rms() -> None:
    errors = np.array(list(fit_errors().values()))
    assert len(errors) == 17
    assert np.sqrt((errors**2).mean()) <= 11


def simple(weight_kg: float, height_cm: float, **injection: float) -> Circulation:
    return circulate(Patient(weight_kg=weight_kg, height_cm=height_cm), Injection(**injection))


def by_dose(dose_mg_per_kg: float) -> Circulation:
    injection = Injection.for_patient(60, dose_mg_per_kg=dose_mg_per_kg, concentration_mg_per_ml=300, saline_ml=0)
    return circulate(Patient(weight_kg=60, height_cm=165), injection)


def close(model: float, published: float) -> bool:
    return abs(model - published) <= max(0.2 * published, 15)


@pytest.mark.parametrize(("delay_s", "published"), [(9, 284), (12, 294), (15, 309), (18, 292)])
def test_not_fitted_aorta_after_a_100_hu_trigger(delay_s: float, published: float) -> None:
    curves = tracked()
    assert close(hu(curves, "aorta", trigger_s(curves, 100) + delay_s), published)


@pytest.mark.parametrize("rate_ml_per_s", [2, 5])
def test_not_fitted_liver_peak_of_125_ml(rate_ml_per_s: float) -> None:
    curves = simple(72, 173, concentration_mg_per_ml=320, volume_ml=125, rate_ml_per_s=rate_ml_per_s, saline_ml=0)
    assert close(peak(curves, "liver"), 60.3)


def test_not_fitted_portal_liver_of_100_ml() -> None:
    curves = simple(60, 165, concentration_mg_per_ml=300, volume_ml=100, rate_ml_per_s=3, saline_ml=0)
    assert close(hu(curves, "liver", 70), 56.2)


@pytest.mark.parametrize(("dose", "published"), [(300, 53), (400, 63), (500, 80)])
def test_not_fitted_liver_at_80_kvp(dose: float, published: float) -> None:
    assert close(hu(by_dose(dose), "liver", 70, kappa_hu_per_mg_ml(80)), published)


def test_not_fitted_liver_of_572_mg_per_kg() -> None:
    assert close(hu(by_dose(572), "liver", 70), 50)


def test_not_fitted_arterial_aorta_and_liver_of_150_ml() -> None:
    curves = simple(75, 175, concentration_mg_per_ml=325, volume_ml=150, rate_ml_per_s=3, saline_ml=0)
    assert close(hu(curves, "aorta", 35), 217)
    assert close(hu(curves, "liver", 35), 20)


def test_saline_raises_the_aortic_peak_by_a_seventh() -> None:
    peaks = [
        peak(simple(70, 170, concentration_mg_per_ml=350, volume_ml=50, rate_ml_per_s=5, saline_ml=s), "aorta")
        for s in (0, 30)
    ]
    assert 1.08 < peaks[1] / peaks[0] < 1.20


def test_not_fitted_portal_liver_in_cirrhosis() -> None:
    patient = Patient(weight_kg=60, height_cm=165, cirrhosis=True)
    injection = Injection(concentration_mg_per_ml=300, volume_ml=100, rate_ml_per_s=3, saline_ml=0)
    model = KAPPA * enhancement_mg_ml(LIVER_CIRRHOSIS, circulate(patient, injection), [70.0])[0]
    assert close(model, 39.8)


def test_late_arterial_rule_of_thumb() -> None:
    curves = circulate(Patient(), Injection())
    assert 290 <= 40 + hu(curves, "aorta", 37) <= 360  # with the 40 HU of blood
    assert close(40 + hu(curves, "portal_vein", 37), 145)
    assert close(hu(curves, "liver", 37), 25)


def test_a_weak_heart_peaks_late_and_high_in_the_aorta_but_not_in_the_liver() -> None:
    usual = Patient().cardiac_output_ml_per_min
    weak, strong = (
        circulate(Patient(cardiac_output_factor=output / usual), Injection(saline_ml=0)) for output in (2600, 8500)
    )
    assert 1.7 < peak(weak, "aorta") / peak(strong, "aorta") < 2.4
    assert 8 < peak_s(weak, "aorta") - peak_s(strong, "aorta") < 16
    assert 0.95 < peak(weak, "liver") / peak(strong, "liver") < 1.05
    assert peak_s(weak, "liver") - peak_s(strong, "liver") > 40


def test_a_sixteenth_of_the_dose_is_urine_by_the_end() -> None:
    curves = circulate(Patient(), Injection())  # 8 % are filtered, some of it still in the tubules
    assert 0.05 < curves.urine_mg[-1] / curves.mass_mg[-1] < 0.07


@pytest.mark.parametrize(("kvp", "kappa"), [(80, 41.5), (100, 31.3), (120, 25.3)])
def test_tube_voltage_table(kvp: float, kappa: float) -> None:
    assert kappa_hu_per_mg_ml(kvp) == pytest.approx(kappa)
    assert kappa_hu_per_mg_ml(kvp, diameter_cm=35) < kappa < kappa_hu_per_mg_ml(kvp, diameter_cm=20)


# Known misses: asserted, so that a change that mends one is seen.


def test_known_miss_spleen_fills_too_slowly() -> None:
    assert fit_errors()[("spleen", 10)] < -10


def test_known_miss_the_aorta_goes_on_rising_where_patients_fall() -> None:
    curves = tracked()
    assert hu(curves, "aorta", trigger_s(curves, 100) + 21) > 1.3 * 236


def test_known_miss_the_aorta_is_high_in_the_portal_phase() -> None:
    assert fit_errors()[("aorta", 45)] > 0.05 * 125


def test_known_miss_portal_above_aorta_late() -> None:
    curves = circulate(Patient(), Injection(saline_ml=0))
    assert hu(curves, "portal_vein", 180) / hu(curves, "aorta", 180) > 1.1


def test_known_miss_spleen_low_when_delayed() -> None:
    curves = circulate(Patient(), Injection(saline_ml=0))
    assert hu(curves, "spleen", 180) < 0.7 * hu(curves, "aorta", 180)


def test_known_miss_liver_as_voxel_class_below_liver_as_organ() -> None:
    curves = by_dose(572)
    ratio = KAPPA * enhancement_mg_ml(LIVER_NORMAL, curves, [70.0])[0] / hu(curves, "liver", 70)
    assert 0.85 < ratio < 0.98
