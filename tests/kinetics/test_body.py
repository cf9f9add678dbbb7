"""Flows that enter a compartment leave it, and the stepped solution is the one of the equations."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from hepaphase.kinetics.body import FLOW_ML_PER_MIN, make_body
from hepaphase.kinetics.circulation import DELAY_S, circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient

# Their outflow depends on the injection and is added by the circulation; iodine leaves through the last three.
OPEN = {"arm_vein", "svc", "right_heart", "kidney_blood", "tubules", "urine"}


@given(st.builds(Patient, weight_kg=st.floats(45, 130), height_cm=st.floats(145, 200), cirrhosis=st.booleans()))
def test_blood_of_one_concentration_stays_so(patient: Patient) -> None:
    body = make_body(patient)
    plasma = 1 - body.haematocrit
    mass = np.array(
        [v / plasma if n.endswith("_tissue") else v for n, v in zip(body.names, body.volume_ml, strict=True)]
    )
    drift = dict(zip(body.names, body.matrix @ mass, strict=True))
    assert all(abs(drift[name]) < 1e-9 for name in drift if name not in OPEN)
    assert np.isclose(drift["arm_vein"], body.arm_vein_ml_per_s)
    assert np.isclose(drift["svc"], body.svc_ml_per_s - body.arm_vein_ml_per_s)
    assert np.isclose(drift["right_heart"], -body.svc_ml_per_s)


def test_nothing_is_made_and_flows_add_up_to_the_output() -> None:
    body = make_body(Patient())
    assert np.abs(body.matrix.sum(axis=0)[[n != "urine" for n in body.names]]).max() < 1e-12
    assert sum(FLOW_ML_PER_MIN.values()) == 6500
    assert np.all(body.matrix - np.diag(np.diag(body.matrix)) >= 0)


def test_exact_steps_are_those_of_a_solver() -> None:
    patient, injection = Patient(weight_kg=81, gfr_ml_per_min=60), Injection(volume_ml=97, rate_ml_per_s=3.13)
    body = make_body(patient)
    arm, svc, heart = (body.index(n) for n in ("arm_vein", "svc", "right_heart"))

    def slope(t: float, mass: np.ndarray) -> np.ndarray:
        rate = injection.rate_ml_per_s if t < injection.saline_end_s else 0.0
        change = body.matrix @ mass
        out_arm = (body.arm_vein_ml_per_s + rate) * mass[arm] / body.volume_ml[arm]
        out_svc = (body.svc_ml_per_s + rate) * mass[svc] / body.volume_ml[svc]
        change[arm] -= out_arm
        change[svc] += out_arm - out_svc
        change[heart] += out_svc
        change[arm] += rate * injection.concentration_mg_per_ml if t < injection.duration_s else 0.0
        return change

    mass, now = np.zeros(len(body.names)), 0.0
    for end_s in (injection.duration_s, injection.saline_end_s, 120.0):
        # stop just short of each switch, so that the solver sees none inside
        mass = solve_ivp(slope, (now, end_s - 1e-9), mass, method="LSODA", rtol=1e-9, atol=1e-9).y[:, -1]
        now = end_s
    curves = circulate(patient, injection)
    at = int((120.0 + DELAY_S) / 0.5)
    for name in ("aorta", "portal_vein", "hepatic_vein", "ivc"):
        expected = mass[body.index(name)] / body.volume_ml[body.index(name)]
        assert abs(curves.mg_per_ml[name][at] - expected) < 1e-5
