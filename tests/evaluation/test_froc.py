"""FROC against MONAI's, and recall by size."""

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.froc import RATES, froc, froc_statistics
from hepaphase.evaluation.lesion_rows import LesionRow
from hepaphase.evaluation.sizes import by_size

FAST = Bootstrap(num_resamples=40)


def lesions(num_patients: int = 12, seed: int = 0) -> list[LesionRow]:
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(num_patients):
        case = f"p{n}"
        for _ in range(int(rng.integers(0, 3))):
            hit = rng.random() < 0.7
            said = {"found_class": "hcc" if rng.random() < 0.8 else "cyst", "score": float(rng.random() ** 0.5)}
            radius = float(rng.uniform(3, 25))
            rows.append(LesionRow(case=case, true_class="hcc", radius_mm=radius, **(said if hit else {})))
        for _ in range(int(rng.integers(0, 5))):
            rows.append(LesionRow(case=case, found_class="cyst", score=float(rng.random())))
    return rows


@pytest.mark.slow
def test_the_curve_is_monais() -> None:
    metrics = pytest.importorskip("monai.metrics")
    rows = lesions()
    hits = np.array([r.score for r in rows if r.is_true and r.is_found])
    false = np.array([r.score for r in rows if not r.is_true])
    rate, recall = metrics.compute_froc_curve_data(false, hits, sum(r.is_true for r in rows), 12)
    curve = froc(rows, num_patients=12)
    # MONAI leaves out the point at which everything is reported
    np.testing.assert_allclose(curve.false_per_patient[:-1], rate[::-1])
    np.testing.assert_allclose(curve.recall[:-1], recall[::-1])
    inside = [0.25, 0.5, 1.0]
    expected = metrics.compute_froc_score(rate, recall, eval_thresholds=tuple(inside))
    assert np.mean([curve.recall_at(r) for r in inside]) == pytest.approx(expected)


def test_statistics_are_those_of_the_whole_cohort_with_intervals_around_them() -> None:
    rows, cases = lesions(), [f"p{n}" for n in range(12)]
    curve = froc(rows, num_patients=12)
    found = {s.name: s for s in froc_statistics(rows, cases, FAST)}
    assert found["recall at 0.5 false per patient"].interval.value == pytest.approx(curve.recall_at(0.5))
    mean = found["FROC mean recall"].interval
    assert mean.value == pytest.approx(np.mean([curve.recall_at(r) for r in RATES]))
    assert mean.low <= mean.value <= mean.high


def test_a_perfect_reading_finds_all_without_a_false_one() -> None:
    rows = [LesionRow(case="a", true_class="hcc", radius_mm=9.0, found_class="hcc", score=0.9)]
    assert froc(rows, num_patients=3).recall_at(0.125) == 1
    with pytest.raises(InputError, match="score"):
        froc([LesionRow(case="a", found_class="hcc")], num_patients=3)


def test_recall_and_class_accuracy_stand_in_the_bin_of_the_true_radius() -> None:
    rows = [
        LesionRow(case="a", true_class="hcc", radius_mm=4.0),
        LesionRow(case="a", true_class="hcc", radius_mm=4.9, found_class="cyst", score=1.0),
        LesionRow(case="b", true_class="cyst", radius_mm=5.0, found_class="cyst", score=1.0),
        LesionRow(case="b", found_class="hcc", score=0.3),
    ]
    found = {s.name: s for s in by_size(rows, ["a", "b", "c"], FAST)}
    assert found["recall, radius 0 to 5 mm"].interval.value == 0.5
    assert found["class accuracy, radius 0 to 5 mm"].interval.value == 0
    assert found["recall, radius 5 to 10 mm"].interval.value == 1
    assert "recall, radius 10 to 20 mm" not in found
    assert found["false lesions per patient"].interval.value == pytest.approx(1 / 3)
    hcc = {s.name: s for s in by_size(rows, ["a", "b", "c"], FAST, lesion_class="hcc")}
    assert set(hcc) == {"recall, radius 0 to 5 mm", "class accuracy, radius 0 to 5 mm"}
