"""Iodine is neither made nor lost, and arrives in order."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaphase.kinetics.circulation import DELAY_S, circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient

patients = st.builds(
    Patient,
    sex=st.sampled_from("MF"),
    age_years=st.floats(20, 90),
    height_cm=st.floats(145, 200),
    weight_kg=st.floats(45, 130),
    cirrhosis=st.booleans(),
    gfr_ml_per_min=st.floats(15, 150),
    cardiac_output_factor=st.floats(0.5, 1.6),
)
injections = st.builds(
    Injection,
    concentration_mg_per_ml=st.sampled_from([300.0, 350.0, 400.0]),
    volume_ml=st.floats(60, 150),
    rate_ml_per_s=st.floats(2, 6),
    saline_ml=st.sampled_from([0.0, 30.0]),
)


@given(patients, injections)
@settings(deadline=None, max_examples=25)
def test_mass_closes(patient: Patient, injection: Injection) -> None:
    curves = circulate(patient, injection)
    done = curves.time_s > injection.duration_s + DELAY_S + 1
    assert np.abs(curves.mass_mg[done] / injection.dose_mg - 1).max() < 1e-9
    assert all((c > -1e-9).all() for c in curves.mg_per_ml.values())


def test_vessels_fill_in_order_of_the_circulation() -> None:
    curves = circulate(Patient(), Injection())
    order = ["pulmonary_artery", "aorta", "portal_vein", "hepatic_vein"]
    arrival = [int(np.argmax(curves.mg_per_ml[name] > 1.0)) for name in order]
    assert arrival == sorted(arrival)
    assert curves.mg_per_ml["aorta"][curves.time_s < DELAY_S].max() == 0


def test_steps_of_another_length_give_the_same_curve() -> None:
    fine, coarse = (circulate(Patient(), Injection(), step_s=s) for s in (0.25, 0.5))
    assert np.allclose(fine.mg_per_ml["aorta"][::2], coarse.mg_per_ml["aorta"], atol=1e-9)


def test_a_weak_heart_gives_a_late_and_high_aorta_and_the_same_liver_peak() -> None:
    weak, strong = (circulate(Patient(cardiac_output_factor=f), Injection()).mg_per_ml for f in (0.4, 1.3))
    assert weak["aorta"].max() > 1.5 * strong["aorta"].max()
    assert weak["aorta"].argmax() > strong["aorta"].argmax()
    assert abs(weak["liver"].max() / strong["liver"].max() - 1) < 0.1
