import numpy as np
import pytest
from tests.lab.studies import bench, simulated

from hepaphase.kinetics.circulation import circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient
from hepaphase.lab.inputs import VesselHu, fit_inputs, patient_of
from hepaphase.study.phase import Phase


def test_a_circulation_is_found_again_from_its_own_vessels() -> None:
    times = {Phase.NC: 0.0, Phase.AP: 38.0, Phase.PVP: 72.0, Phase.DP: 175.0}
    truth = circulate(Patient(cardiac_output_factor=0.8), Injection.for_patient(70.0))
    hu = {v: {p: 41 + 22.0 * float(np.interp(t, truth.time_s, truth.mg_per_ml[v])) * (p is not Phase.NC)
              for p, t in times.items()} for v in ("aorta", "portal_vein")}  # fmt: skip
    found = fit_inputs(VesselHu(**hu), times, Patient())
    assert found.cardiac_output_factor == pytest.approx(0.8, rel=0.05)
    assert found.kappa == pytest.approx(22.0, rel=0.04)
    assert max(abs(v) for v in found.residual_hu.values()) < 5


def test_without_vessels_the_typical_patient_is_left() -> None:
    found = fit_inputs(VesselHu(aorta={}, portal_vein={}), {Phase.PVP: None}, Patient())
    assert found.cardiac_output_factor == 1.0 and found.times_s[Phase.PVP] == 70.0 and not found.residual_hu


@pytest.mark.parametrize("seed", [3, 7])
def test_curves_of_a_noisy_study_come_near_its_own(seed) -> None:
    drawn = simulated(seed).truth.drawn
    inputs = bench(seed).inputs
    assert dict(inputs.times_s) == {Phase(p): t for p, t in drawn["times_s"].items()}
    truth = circulate(Patient(**drawn["patient"]), Injection(**drawn["injection"]))
    for phase in (Phase.PVP, Phase.DP):
        own = drawn["kappa"] * np.interp(inputs.times_s[phase], truth.time_s, truth.mg_per_ml["liver"])
        assert inputs.vessel_hu("liver", phase) == pytest.approx(own, rel=0.25)


def test_the_clinical_table_is_used_as_far_as_it_goes() -> None:
    assert patient_of({"sex": "F", "age": 61, "cirrhosis": True}) == Patient(sex="F", age_years=61.0, cirrhosis=True)
    assert patient_of({"sex": "unknown", "age": None}) == Patient()
