"""Phases from HU: the model's own examinations are told, doubt is stated, wrong regions do not decide."""

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.kinetics.circulation import circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient
from hepaphase.prepare.exams import REGIONS, TIMES_S, draw_exams
from hepaphase.prepare.recognize import SURE, recognize
from hepaphase.study.phase import Phase

UNENHANCED = {"aorta": 39.0, "vena_cava": 39.0, "liver": 55.0, "spleen": 48.0, "kidneys": 33.0}
ROI = {"vena_cava": "ivc", "kidneys": "kidney"}
TIMES = {Phase.NC: 0.0, Phase.AP: 37.0, Phase.PVP: 70.0, Phase.DP: 180.0}


def regions(time_s: float, *, weight_kg: float = 82.0, output: float = 1.0) -> dict[str, float]:
    """What a patient outside the draws shows at a time."""
    patient = Patient(sex="F", age_years=61, weight_kg=weight_kg, cardiac_output_factor=output)
    found = circulate(patient, Injection.for_patient(weight_kg))
    return {
        name: hu + 25.3 * float(np.interp(time_s, found.time_s, found.mg_per_ml[ROI.get(name, name)]))
        for name, hu in UNENHANCED.items()
    }


@pytest.mark.parametrize("output", [0.7, 1.0, 1.3])
def test_four_phases_are_told_with_their_times(output: float) -> None:
    found = recognize([regions(t, output=output) for t in TIMES.values()])
    assert [r.phase for r in found] == list(Phase)
    assert all(r.sure for r in found)
    for answer, time_s in zip(found, TIMES.values(), strict=True):
        assert answer.interval_s[0] <= time_s <= answer.interval_s[1]
        assert sum(answer.probabilities.values()) == pytest.approx(1.0)


def test_the_order_in_which_volumes_are_given_does_not_matter() -> None:
    volumes = [regions(t) for t in (180.0, 0.0, 70.0)]
    assert [r.phase for r in recognize(volumes)] == [Phase.DP, Phase.NC, Phase.PVP]


def test_one_region_that_is_wrong_does_not_decide() -> None:
    broken = regions(70.0) | {"spleen": -40.0}
    assert recognize([broken])[0].phase is Phase.PVP


def test_between_two_phases_there_is_doubt() -> None:
    answer = recognize([{"liver": 100.0}])[0]
    assert not answer.sure and answer.probabilities[answer.phase] < SURE


def test_the_clock_counts_against_an_impossible_order() -> None:
    vague = [{"liver": 98.0}, {"liver": 104.0}]
    early, late = recognize(vague, scan_s=[0.0, 110.0])
    assert early.probabilities[Phase.PVP] > recognize(vague, scan_s=[110.0, 0.0])[0].probabilities[Phase.PVP]
    assert late.time_s > early.time_s


def test_what_is_like_no_phase_is_far_off() -> None:
    assert recognize([regions(70.0)])[0].misfit < 1 < 6 < recognize([dict.fromkeys(UNENHANCED, -500.0)])[0].misfit


def test_nothing_measured_and_too_many_volumes_are_refused() -> None:
    with pytest.raises(ConfigError, match="--phases"):
        recognize([{}])
    with pytest.raises(ConfigError, match="at most 6"):
        recognize([regions(70.0)] * 7)


def test_draws_are_frozen_and_priors_are_shares() -> None:
    exams = draw_exams()
    assert exams.gain_hu.shape[1:] == (len(TIMES_S), len(REGIONS))
    assert np.allclose(np.exp(exams.log_prior).sum(axis=2), 1.0)
    assert not exams.gain_hu[:, 0].any()
