from dataclasses import replace

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.phantom.domain import FAILURES, FIRST, PLAIN, SECOND, Domain
from hepaphase.phantom.events import AMOUNTS, draw_event, draw_events, find_event
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.population import REFERRAL, Population
from hepaphase.phantom.simulate import Drawn, SimulatedCase, draw, filed_as, render
from hepaphase.study.phase import Phase

TINY = Grid(shape_zyx=(12, 20, 22), spacing_zyx_mm=(16.0, 14.0, 14.5), whole_body=True)
PLAIN_PATIENT = draw(3)
PLAIN_CASE = render(PLAIN_PATIENT, TINY)


def population(*names: str) -> Population:
    """Everybody has these failures, on the plain scanner otherwise."""
    return replace(REFERRAL, domain=Domain(name="spoiled", failures=tuple((name, 1.0) for name in names)))


def spoiled(name: str, **changes: object) -> tuple[Drawn, SimulatedCase]:
    drawn = draw(3, population(name))
    drawn = replace(drawn, events=tuple(replace(event, **changes) for event in drawn.events))
    return drawn, render(drawn, TINY)


def test_every_failure_has_a_rate_and_an_amount_and_comes_at_its_rate() -> None:
    assert list(FAILURES) == list(AMOUNTS)
    drawn = [draw_events(seed, Domain(name="all", failures=tuple(FAILURES.items()))) for seed in range(4000)]
    for name, rate in FAILURES.items():
        share = np.mean([find_event(events, name) is not None for events in drawn])
        assert share == pytest.approx(rate, abs=4 * np.sqrt(rate / 4000))


def test_the_plain_scanner_never_fails_and_the_others_do() -> None:
    assert draw_events(3, PLAIN) == ()
    for domain in (FIRST, SECOND):
        assert 0.2 < np.mean([bool(draw_events(seed, domain)) for seed in range(1000)]) < 0.5


def test_one_failure_does_not_move_another() -> None:
    both = draw_events(5, Domain(failures=(("metal", 1.0), ("arms_down", 1.0))))
    assert both == (draw_event(5, "metal"), draw_event(5, "arms_down"))


@pytest.mark.parametrize("wrong", [(("tilted", 0.1),), (("metal", 1.2),)])
def test_unknown_failures_and_odd_rates_are_refused(wrong: tuple[tuple[str, float], ...]) -> None:
    with pytest.raises(ConfigError):
        Domain(failures=wrong)


def test_less_contrast_after_extravasation_and_a_later_peak_with_a_failing_heart() -> None:
    before = PLAIN_PATIENT.circulation.mg_per_ml["aorta"]
    weak = draw(3, population("extravasation")).circulation.mg_per_ml["aorta"]
    slow = draw(3, population("low_cardiac_output")).circulation.mg_per_ml["aorta"]
    assert weak.max() < 0.7 * before.max()
    assert np.argmax(slow) > np.argmax(before)


def test_a_late_bolus_is_seen_earlier_than_the_times_say() -> None:
    drawn, case = spoiled("late_bolus")
    assert drawn.contents.exam.times_s[Phase.AP] < drawn.exam.times_s[Phase.AP]
    assert case.study.phases[Phase.AP].time_s == drawn.exam.times_s[Phase.AP]


def test_a_wrong_label_swaps_two_volumes_and_keeps_the_times_of_the_names() -> None:
    _, case = spoiled("wrong_label", phase=Phase.AP)
    good = PLAIN_CASE.study.phases
    aorta = PLAIN_CASE.truth.organs == Organ.AORTA
    seen = {p: float(np.median(case.truth.clean_hu[p][aorta])) for p in Phase}
    assert seen[Phase.PVP] > seen[Phase.AP] and good[Phase.AP].time_s == case.study.phases[Phase.AP].time_s
    assert filed_as(Phase.AP, (Phase.NC,), draw(3, population("wrong_label")).events) is Phase.AP


def test_only_the_portal_phase_is_left() -> None:
    drawn, case = spoiled("pvp_only")
    assert list(case.study.phases) == [Phase.PVP] and drawn.reference is Phase.PVP


def test_a_flip_mirrors_pictures_and_masks_alike() -> None:
    _, case = spoiled("left_right_flip")
    liver = PLAIN_CASE.study.masks["liver"][0]
    np.testing.assert_array_equal(case.study.masks["liver"][0], liver[..., ::-1])
    np.testing.assert_array_equal(case.truth.organs, PLAIN_CASE.truth.organs[..., ::-1])


@pytest.mark.parametrize("name", ["oral_contrast", "prior_contrast"])
def test_contrast_given_before_is_there_before_the_injection(name: str) -> None:
    organ = Organ.STOMACH if name == "oral_contrast" else Organ.KIDNEY
    plain, other = PLAIN_PATIENT.contents, draw(3, population(name)).contents
    assert other.organ_hu()[organ][0] > plain.organ_hu()[organ][0] + 50


@pytest.mark.parametrize(
    ("name", "amount"),
    [("breathing_blur", 40.0), ("clipped_hu", 180.0), ("wrong_rescale", 1024.0), ("partial_liver", -0.3)],
)
def test_a_failure_of_one_phase_leaves_the_others(name: str, amount: float) -> None:
    _, case = spoiled(name, phase=Phase.AP, amount=amount)
    for p in Phase:
        same = bool(np.abs(case.study.phases[p].hu - PLAIN_CASE.study.phases[p].hu).max() < 0.01)
        assert same == (p is not Phase.AP)


@pytest.mark.parametrize("name", ["arms_down", "metal", "truncated_fov"])
def test_failures_of_the_picture_show_in_every_phase_but_not_in_the_truth(name: str) -> None:
    _, case = spoiled(name)
    for p in Phase:
        assert np.abs(case.study.phases[p].hu - PLAIN_CASE.study.phases[p].hu).max() > 15
        np.testing.assert_allclose(case.truth.reference_hu[p], PLAIN_CASE.truth.reference_hu[p], atol=0.01)


def test_events_are_written_down() -> None:
    drawn, case = spoiled("metal")
    assert [event["name"] for event in case.truth.drawn["events"]] == ["metal"]
    assert case.truth.drawn["events"][0]["amount"] == drawn.events[0].amount
