import json
from dataclasses import replace

import numpy as np
import pytest
from tests.toy_exams import aligned, toy_exam

from hepaphase.evaluation.physics.card import MEASURES, Band, Card, bands_for, check, make_bands, shipped_bands
from hepaphase.evaluation.physics.exam import LIVER_VESSELS, examine, noise_of, organs_of_labels
from hepaphase.evaluation.physics.item import Item
from hepaphase.phantom.labels import Organ
from hepaphase.study.phase import Phase

from .made_exams import made_exam, without


def item(name: str, value: float, **limits: float) -> Item:
    return Item(measure="M2", name=name, value=value, **limits)


def test_a_value_is_judged_by_range_and_band() -> None:
    band = Band((10.0, 12.0, 20.0, 28.0, 30.0), 100)
    card = Card("a", (), {"M2 x": band})
    states = [card.state(item("x", value, low=15.0, high=40.0)) for value in (20.0, 11.0, 9.0, 35.0, float("nan"))]
    assert states == ["pass", "flag", "fail", "pass", "not measured"]
    assert card.state(item("y", 9.0, low=15.0)) == "flag"  # no band is known


def test_the_score_counts_measures_and_the_worst_is_farthest_out() -> None:
    band = Band((10.0, 12.0, 20.0, 28.0, 30.0), 100)
    items = (item("x", 5.0, low=15.0), item("y", -40.0, low=1.0), Item(measure="M4", name="z", value=3.0))
    card = Card("a", items, {"M2 x": band, "M2 y": band})
    assert card.score() == 0.5
    worst = card.worst()
    assert worst is not None and worst.name == "y"
    assert json.loads(json.dumps(card.to_json()))["worst"] == "M2 y"
    assert "| M2 | y | -40 |" in card.to_markdown()


def test_what_true_patients_do_not_show_is_named_and_an_error_can_only_be_too_large() -> None:
    band = Band((10.0, 12.0, 20.0, 28.0, 30.0), 100)
    inside = item("in", 11.0, low=15.0)
    below, above = item("below", 9.0), item("above", 31.0, low=0.0)
    less, more = item("less", 1.0, low=0.0, high=40.0), item("more", 31.0, low=0.0, high=40.0)
    items = (inside, below, above, less, more, item("unknown", 1.0), item("missing", float("nan")))
    card = Card("a", items, {i.key: band for i in items if i.name != "unknown"})
    assert [i.name for i in card.outside_band()] == ["below", "above", "more"]
    assert card.to_json()["outside_band"] == ["M2 below", "M2 above", "M2 more"]
    told = card.to_markdown()
    assert "| up to 30 | pass |" in told and "| 10 to 30 |" in told
    assert "Outside the 1 to 99 % of true patients: M2 below, M2 above, M2 more.\n" in told
    assert "true patients: none." in Card("b", (inside,), {inside.key: band}).to_markdown()


def test_every_measure_is_on_the_card_whatever_phases_there_are() -> None:
    exam = made_exam()
    for gone in ((), (Phase.AP,), (Phase.NC, Phase.DP)):
        some = exam
        for phase in gone:
            some = without(some, phase)
        card = check(some, bands={})
        assert {i.measure for i in card.items} == set(MEASURES)
        json.dumps(card.to_json(), allow_nan=False)


def test_bands_are_quantiles_over_exams() -> None:
    cards = [Card(str(k), (item("x", float(k)),), {}) for k in range(101)]
    band = make_bands(cards)["M2 x"]
    assert band.quantiles == pytest.approx((1, 2.5, 50, 97.5, 99)) and band.num_patients == 101


def test_shipped_bands_hold_the_range_of_the_notes_at_their_middle() -> None:
    bands = shipped_bands()
    assert bands["M2 aorta AP"].num_patients >= 100
    assert 170 < bands["M2 aorta AP"].quantiles[2] < 500 and 35 < bands["M4 liver PVP"].quantiles[2] < 82


def test_a_study_becomes_an_exam_with_inner_regions() -> None:
    toy = toy_exam(3)
    labels = np.where(toy.labels == 2, Organ.AORTA, Organ.BACKGROUND)
    exam = examine(aligned(toy), organs_of_labels(labels))
    assert exam.regions["aorta"].sum() < (toy.labels == 2).sum() and "spleen" not in exam.regions
    assert not (exam.regions["liver"] & (toy.labels != 1)).any() or (toy.labels[exam.regions["liver"]] > 2).any()
    truth = toy.clean_hu[Phase.AP] - toy.clean_hu[Phase.NC]
    assert exam.mean("aorta", Phase.AP) == pytest.approx(float(truth[toy.labels == 2][0]), abs=2)
    assert exam.noise_hu[Phase.AP] == pytest.approx(5.0, rel=0.15)


def test_noise_is_found_beside_an_edge() -> None:
    hu = np.random.default_rng(0).normal(0, 8, (30, 30, 30)).astype(np.float32)
    hu[15:] += 300
    assert noise_of(hu, np.ones(hu.shape, bool)) == pytest.approx(8.0, rel=0.05)


def test_an_exam_completed_from_one_phase_is_held_against_such_exams() -> None:
    exam = made_exam()
    few = replace(exam, regions={n: r for n, r in exam.regions.items() if n not in LIVER_VESSELS})
    made = frozenset({Phase.NC, Phase.AP, Phase.DP})
    bands, compared = bands_for(replace(few, synthetic=made))
    assert "PVP" in compared and bands["M11 noise NC"].quantiles[0] < shipped_bands()["M11 noise NC"].quantiles[0]
    for other in (few, replace(exam, synthetic=made), replace(few, synthetic=frozenset({Phase.DP}))):
        assert bands_for(other) == (shipped_bands(), "")
    assert "held against PVP" in check(replace(few, synthetic=made)).to_markdown()


def test_a_region_of_two_voxels_has_a_mean() -> None:
    exam = made_exam()
    two = np.zeros_like(exam.regions["spleen"])
    two[tuple(np.argwhere(exam.regions["spleen"])[:2].T)] = True
    few = replace(exam, regions={**exam.regions, "spleen": two})
    rise = (exam.hu[Phase.PVP] - exam.hu[Phase.NC])[two]
    assert few.mean("spleen", Phase.PVP) == pytest.approx(float(rise.mean()), abs=1e-3)
    assert {"M8", "M9"} <= {i.measure for i in check(few).items if not i.missing}
