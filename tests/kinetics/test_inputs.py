"""Patients, injections and tube voltage are what the notes say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaphase.base.errors import ConfigError
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient
from hepaphase.kinetics.tube import kappa_hu_per_mg_ml


def test_blood_and_output_of_the_reference_patient() -> None:
    patient = Patient(height_cm=2.54 * 68, weight_kg=70)
    size = 68**0.725 * (70 / 0.45359237) ** 0.425
    assert patient.blood_volume_ml == pytest.approx(33.164 * size - 1229)
    assert patient.cardiac_output_ml_per_min == pytest.approx(36.36 * size)
    assert patient.cardiac_output_ml_per_min == pytest.approx(6500, rel=0.05)
    woman = Patient(sex="F", height_cm=2.54 * 68, weight_kg=70, age_years=70, cirrhosis=True)
    assert woman.blood_volume_ml == pytest.approx(34.85 * size - 1954)
    assert woman.cardiac_output_ml_per_min == pytest.approx(36.36 * size * 0.91 * 1.15)
    assert (patient.hematocrit, woman.hematocrit, Patient(haematocrit=0.3).hematocrit) == (0.42, 0.38, 0.3)


@given(st.floats(45, 130), st.floats(300, 800), st.floats(20, 45), st.sampled_from([300.0, 350.0, 400.0]))
def test_a_dose_by_weight_is_that_dose(weight_kg: float, dose: float, duration_s: float, concentration: float) -> None:
    injection = Injection.for_patient(
        weight_kg, dose_mg_per_kg=dose, duration_s=duration_s, concentration_mg_per_ml=concentration
    )
    assert injection.dose_mg == pytest.approx(dose * weight_kg)
    assert injection.duration_s == pytest.approx(duration_s)
    assert injection.saline_end_s > injection.duration_s


@given(st.floats(70, 140), st.floats(10, 45))
def test_iodine_is_brighter_at_lower_voltage_and_in_smaller_patients(kvp: float, diameter_cm: float) -> None:
    here = kappa_hu_per_mg_ml(kvp, diameter_cm=diameter_cm)
    assert 20 <= here <= 53
    assert here >= kappa_hu_per_mg_ml(min(kvp + 5, 140), diameter_cm=diameter_cm)
    assert here >= kappa_hu_per_mg_ml(kvp, diameter_cm=diameter_cm + 5)


@pytest.mark.parametrize(
    "change",
    [{"sex": "x"}, {"weight_kg": 0.0}, {"haematocrit": 0.9}, {"gfr_ml_per_min": -1.0}, {"cardiac_output_factor": 0.0}],
)
def test_impossible_patients_are_refused(change: dict) -> None:
    with pytest.raises(ConfigError):
        Patient(**change)


@pytest.mark.parametrize("change", [{"volume_ml": 0.0}, {"rate_ml_per_s": -1.0}, {"saline_ml": -1.0}])
def test_impossible_injections_are_refused(change: dict) -> None:
    with pytest.raises(ConfigError):
        Injection(**change)


@pytest.mark.parametrize("kvp", [60, 150])
def test_voltages_outside_the_table_are_refused(kvp: float) -> None:
    with pytest.raises(ConfigError, match="between 70 and 140"):
        kappa_hu_per_mg_ml(kvp)
