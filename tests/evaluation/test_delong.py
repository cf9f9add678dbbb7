"""DeLong's test against its definition written as loops, scikit-learn's areas, and its own calibration."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hepaphase.base.errors import InputError
from hepaphase.evaluation.correct import holm
from hepaphase.evaluation.delong import auc_covariance, delong


def scores(seed: int, num: int = 60, gain: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random(num) < 0.4
    shared = rng.normal(size=num)
    first = gain * truth + shared + rng.normal(size=num)
    second = np.round(truth + shared + rng.normal(size=num), 1)  # with ties
    return first, second, truth


def by_loops(a: np.ndarray, b: np.ndarray, truth: np.ndarray) -> float:
    """Variance of the difference from placements counted one pair at a time."""
    placed = []
    for s in (a, b):
        pos, neg = s[truth], s[~truth]
        wins = np.array([[1.0 if p > n else 0.5 if p == n else 0.0 for n in neg] for p in pos])
        placed.append((wins.mean(1), wins.mean(0)))
    d_pos, d_neg = placed[0][0] - placed[1][0], placed[0][1] - placed[1][1]
    return float(d_pos.var(ddof=1) / len(d_pos) + d_neg.var(ddof=1) / len(d_neg))


def test_areas_are_scikit_learns_and_the_variance_is_the_definitions() -> None:
    a, b, truth = scores(0)
    found = delong(a, b, truth)
    assert found.auc == pytest.approx((roc_auc_score(truth, a), roc_auc_score(truth, b)))
    assert found.difference == pytest.approx(found.auc[0] - found.auc[1])
    assert found.standard_error**2 == pytest.approx(by_loops(a, b, truth))
    areas, covariance = auc_covariance(np.stack([a, b]), truth)
    assert areas == pytest.approx(found.auc) and covariance.shape == (2, 2)


def test_where_nothing_differs_one_in_twenty_is_called_significant() -> None:
    p = np.array([delong(*scores(seed)).p for seed in range(400)])
    assert 0.02 < (p < 0.05).mean() < 0.085
    assert np.mean([delong(*scores(seed, 200, gain=3)).p < 0.05 for seed in range(20)]) == 1


def test_equal_ranks_differ_by_nothing_and_too_few_patients_by_nothing_known() -> None:
    a, _, truth = scores(1)
    assert delong(a, np.exp(a), truth).p == 1
    assert np.isnan(delong(a[:3], a[:3], [True, False, False]).p)
    with pytest.raises(InputError, match="one label per score"):
        delong(a, a, truth[:-1])
    with pytest.raises(InputError, match="same patients"):
        delong(a, a[:-1], truth)


def test_holm_is_the_step_down_rule() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    corrected = holm([float("nan"), 0.02, 0.04])
    assert np.isnan(corrected[0]) and corrected[1:] == pytest.approx([0.04, 0.04])
    assert holm([]) == []
