"""Agreement against scikit-learn where it has the same."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, confusion_matrix, roc_auc_score

from hepaphase.evaluation.agreement import (
    balanced_accuracy,
    confusion,
    expected_calibration_error,
    kappa,
    macro_auc,
    names_to_numbers,
    top_accuracy,
)


def answers(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 4, 90)
    shares = rng.dirichlet(np.ones(4), 90) + 0.5 * np.eye(4)[true]
    shares /= shares.sum(1, keepdims=True)
    return true, shares, shares.argmax(1)


def test_kappa_and_accuracies_are_those_of_scikit_learn() -> None:
    true, shares, said = answers()
    assert kappa(true, said, 4) == pytest.approx(cohen_kappa_score(true, said))
    assert kappa(true, said, 4, quadratic=True) == pytest.approx(cohen_kappa_score(true, said, weights="quadratic"))
    assert balanced_accuracy(true, said) == pytest.approx(balanced_accuracy_score(true, said))
    assert macro_auc(true, shares) == pytest.approx(roc_auc_score(true, shares, multi_class="ovr"))
    np.testing.assert_array_equal(confusion(true, said, 4), confusion_matrix(true, said))
    assert np.isnan(kappa(np.zeros(3, int), np.zeros(3, int), 2))


def test_the_calibration_error_is_the_gap_of_each_bin() -> None:
    shares = np.array([[0.9, 0.1], [0.9, 0.1], [0.62, 0.38], [0.62, 0.38]])
    true = np.array([0, 1, 0, 0])
    assert expected_calibration_error(true, shares) == pytest.approx(0.5 * abs(0.9 - 0.5) + 0.5 * abs(0.62 - 1))


def test_the_true_class_must_be_among_the_first() -> None:
    shares = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.4, 0.4, 0.2]])
    assert [top_accuracy(np.array([0, 1, 1]), shares, count=n) for n in (1, 2, 3)] == pytest.approx([1 / 3, 1, 1])
    assert names_to_numbers(["b", "a"], ["a", "b"]).tolist() == [1, 0]
