"""The circulation fitted back from what it shows."""

from dataclasses import replace

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.kinetics.circulation import circulate
from hepaphase.kinetics.fit import Observation, fit_circulation
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient

TIMES_S = (36.0, 71.0, 185.0)
TYPICAL = Patient(sex="F", age_years=61, height_cm=163, weight_kg=58)
TRUE = Patient(
    sex="F",
    age_years=61,
    height_cm=163,
    weight_kg=58,
    haematocrit=0.35,
    gfr_ml_per_min=70,
    cardiac_output_factor=0.72,
)
INJECTION = Injection.for_patient(58, dose_mg_per_kg=480)
KAPPA = 27.0


def observed() -> list[Observation]:
    truth = circulate(TRUE, INJECTION)
    return [
        Observation(roi=r, time_s=t, enhancement_hu=float(KAPPA * np.interp(t, truth.time_s, truth.mg_per_ml[r])))
        for r in ("aorta", "portal_vein")
        for t in TIMES_S
    ]


def test_known_protocol_gives_back_the_cardiac_output_and_the_curves() -> None:
    found = fit_circulation(observed(), TYPICAL, injection=INJECTION, kappa=KAPPA)
    true = TRUE.cardiac_output_ml_per_min
    assert found.cardiac_output_ml_per_min == pytest.approx(true, rel=0.05)
    low, high = found.cardiac_output_interval
    assert low < true < high
    assert np.abs(found.residual_hu).max() < 1.0
    modeled = [found.enhancement_hu(o.roi, [o.time_s])[0] for o in observed()]
    assert np.allclose(modeled, [o.enhancement_hu for o in observed()], atol=1.0)


def test_nothing_observed_leaves_the_typical_patient() -> None:
    found = fit_circulation([], TYPICAL)
    assert found.patient.cardiac_output_factor == pytest.approx(1.0)
    assert np.sqrt(found.covariance[0, 0]) == pytest.approx(0.20, rel=1e-3)


def test_unknown_region_and_half_a_protocol_are_told() -> None:
    strange = [Observation(roi="toe", time_s=30, enhancement_hu=3)]
    with pytest.raises(ConfigError, match="no region toe"):
        fit_circulation(strange, TYPICAL, injection=INJECTION, kappa=KAPPA)
    with pytest.raises(ConfigError, match="both or neither"):
        fit_circulation(observed(), TYPICAL, kappa=KAPPA)


def test_the_time_of_a_scan_is_found_with_the_rest() -> None:
    seen = [replace(one, time_s=one.time_s + 4.0, scan="late") if one.time_s < 50 else one for one in observed()]
    found = fit_circulation(seen, TYPICAL, injection=INJECTION, kappa=KAPPA, time_sd_s={"late": 6.0})
    assert found.values["later_s late"] == pytest.approx(-4.0, abs=0.8)
    assert np.abs(found.residual_hu).max() < 2
    known = fit_circulation(observed(), TYPICAL, injection=INJECTION, kappa=KAPPA)
    assert "later_s late" not in known.values
