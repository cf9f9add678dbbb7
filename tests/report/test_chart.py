"""A chart holds what it shows, and in the right order."""

import re

import numpy as np
import pytest

from hepaphase.report.chart import Series, draw
from hepaphase.report.curves import Curve
from hepaphase.study.findings import Measured
from hepaphase.study.phase import Phase

TIME_S = np.arange(0.0, 200.0, 2.0)


def series(lesion) -> Series:
    def curve(name, hu):
        return Curve(name, TIME_S, np.full_like(TIME_S, hu))

    return Series(
        lesion={phase: Measured(hu, sd) for phase, (hu, sd) in lesion.items()},
        liver={phase: Measured(60.0, 9.0) for phase in lesion},
        time_s={Phase.NC: 0.0, Phase.AP: 36.0, Phase.PVP: 70.0, Phase.DP: 240.0},
        provenance={p: "synthetic" if p is Phase.AP else "measured" for p in Phase},
        class_curves=(curve("body", 50.0), curve("rim", 80.0)),
        liver_curve=curve("normal liver", 55.0),
    )


@pytest.mark.parametrize("high", [90.0, 900.0, 3000.0])
def test_everything_lies_on_the_board(high):
    chart = draw(series({Phase.NC: (-40.0, 20.0), Phase.AP: (high, 12.0), Phase.DP: (70.0, 8.0)}))
    for point in (*chart.lesion, *chart.liver):
        assert chart.left <= point.x <= chart.right
        assert chart.top <= point.y_high <= point.y <= point.y_low <= chart.bottom
    for line in chart.lines:
        numbers = np.array(re.findall(r"[\d.]+,[\d.]+", line.points))
        x, y = np.array([pair.split(",") for pair in numbers], dtype=float).T
        assert x.min() >= chart.left and x.max() <= chart.right
        assert y.min() >= chart.top and y.max() <= chart.bottom
    assert 2 <= len(chart.y_ticks) <= 7


def test_higher_hu_is_higher_up_and_later_is_further_right():
    chart = draw(series({Phase.AP: (100.0, 5.0), Phase.DP: (60.0, 5.0)}))
    first, second = chart.lesion
    assert first.y < second.y and first.x < second.x


def test_labels_say_what_was_generated():
    chart = draw(series({Phase.AP: (101.4, 5.0), Phase.PVP: (90.0, 4.0)}))
    assert chart.lesion[0].label == "AP lesion, generated: 101 HU (sd 5) at 36 s"
    assert [point.provenance for point in chart.lesion] == ["synthetic", "measured"]


def test_the_main_compartment_is_drawn_last():
    assert [line.kind for line in draw(series({Phase.NC: (50.0, 5.0)})).lines] == ["liver", "part", "class"]


def test_the_ticks_are_whole_numbers_with_a_true_minus_and_no_negative_zero():
    chart = draw(series({Phase.NC: (-40.0, 20.0), Phase.DP: (5.0, 9.0)}))
    labels = [label for _, label in chart.y_ticks]
    assert "0" in labels and any(label.startswith("−") for label in labels)
    assert not [label for label in labels if "-" in label or label == "−0"]
