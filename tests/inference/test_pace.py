"""Time left follows from the steps that have ended, and never pretends to know before one has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaphase.inference.pace import DEMO, DIAGNOSE, READ, SYNTHESIZE, Pace, left_text

USUAL = {"a": 10.0, "b": 20.0, "c": 5.0}


def test_a_run_at_half_the_usual_pace_takes_twice_as_long() -> None:
    pace = Pace(USUAL)
    assert pace.left_s(3.0) is None and pace.step == ""
    pace.begin("a", 100.0)
    assert pace.left_s(119.0) is None and pace.share(119.0) == 0
    pace.begin("b", 120.0)
    assert pace.left_s(120.0) == pytest.approx(50.0) and pace.left_s(150.0) == pytest.approx(20.0)
    assert pace.share(150.0) == pytest.approx(50 / 70)


def test_a_step_that_drags_on_slows_down_what_follows() -> None:
    pace = Pace(USUAL)
    pace.begin("a", 0.0)
    pace.begin("b", 10.0)
    assert pace.left_s(25.0) == pytest.approx(5 + 5) and pace.left_s(40.0) == pytest.approx(5 * 40 / 30)
    assert pace.left_s(70.0) == pytest.approx(5 * 70 / 30)


def test_a_step_that_is_left_out_costs_nothing() -> None:
    pace = Pace(USUAL)
    pace.begin("a", 0.0)
    pace.begin("c", 10.0)
    assert pace.left_s(10.0) == pytest.approx(5.0)


def test_a_step_nobody_knows_of_leaves_what_has_not_begun() -> None:
    pace = Pace(USUAL)
    pace.begin("a", 0.0)
    pace.begin("unforeseen", 10.0)
    assert pace.left_s(10.0) == pytest.approx(25.0)
    unknown = Pace({})
    unknown.begin("x", 0.0)
    unknown.begin("y", 1.0)
    assert unknown.left_s(2.0) is None


@given(st.lists(st.floats(0.1, 100), min_size=3, max_size=3), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_the_bar_never_goes_back_and_ends_within_itself(seconds: list[float], looks: list[float]) -> None:
    pace, now, shown = Pace(USUAL), 0.0, 0.0
    for step, own in zip(USUAL, seconds, strict=True):
        pace.begin(step, now)
        for look in sorted(looks):
            share = pace.share(now + look * own)
            assert shown <= share <= 1
            shown = share
            left = pace.left_s(now + look * own)
            assert left is None or left >= 0
        now += own


def test_every_command_knows_its_steps() -> None:
    assert list(READ) == list(DIAGNOSE) and set(SYNTHESIZE) < set(READ)
    assert set(DEMO) - set(READ) == {"simulate", "compare"} and set(READ) - set(DEMO) == {"take in"}


def test_seconds_are_told_as_people_do() -> None:
    assert [left_text(s) for s in (None, 0.2, 41.7, 300.0)] == [
        "",
        "about 0 s left",
        "about 42 s left",
        "about 5 min left",
    ]
