"""Distances against scikit-learn's, scores as shares, and the way through JSON."""

import json

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.evaluation.unlike import Familiar

NAMES = ("a", "b_NC", "b_PVP")


def values(number: int, seed: int) -> np.ndarray:
    mix = np.array([[2.0, 0.5, 0.0], [0.0, 1.0, 0.7], [0.0, 0.0, 3.0]])
    return np.random.default_rng(seed).normal(size=(number, 3)) @ mix + [5.0, -2.0, 40.0]


def fit(rows: np.ndarray, held_out: np.ndarray, names: tuple[str, ...]) -> Familiar:
    return Familiar(names, rows.mean(axis=0), np.cov(rows.T), held_out)


def test_distances_are_those_of_scikit_learn():
    covariance = pytest.importorskip("sklearn.covariance")
    x = values(40, 7)
    theirs = covariance.EmpiricalCovariance().fit(x)
    known = Familiar(NAMES, theirs.location_, theirs.covariance_, x)
    assert known.distances(x, NAMES) == pytest.approx(theirs.mahalanobis(x))


def test_a_score_is_the_share_of_the_held_out_that_are_less_unlike():
    known = fit(values(500, 2), values(99, 3), NAMES)
    assert known.scores(known.mean[None], NAMES)[0] == 0
    assert known.scores(known.mean[None] + 50, NAMES)[0] == 1
    got = known.scores(values(4000, 4), NAMES)
    assert got.mean() == pytest.approx(0.5, abs=0.06) and (got > 0.9).mean() == pytest.approx(0.1, abs=0.06)


def test_some_measures_alone_are_held_against_the_same_of_others():
    held = values(99, 3)
    held[:40, 2] = np.nan
    known = fit(values(500, 2), held, NAMES)
    odd = np.array([[5.0, 30.0]])
    assert known.scores(odd, ("a", "b_NC"))[0] == 1
    assert known.scores(np.array([[90.0]]), ("b_PVP",))[0] == 1
    name, value, low, high = known.oddest(odd[0], ("a", "b_NC"))
    assert (name, value) == ("b_NC", 30.0) and low < -2 < high < 30


def test_json_gives_back_what_was_put_in():
    held = values(20, 5)
    held[3, 1] = np.nan
    known = fit(values(60, 6), held, NAMES)
    again = Familiar.from_dict(json.loads(json.dumps(known.to_dict(), allow_nan=False)))
    assert again.names == NAMES and np.isnan(again.held_out[3, 1])
    assert again.distances(held[:3], NAMES) == pytest.approx(known.distances(held[:3], NAMES), rel=0.01)


def test_ill_fitting_rows_are_refused():
    with pytest.raises(ConfigError, match="rows of that size"):
        Familiar(NAMES, np.zeros(2), np.eye(3), np.zeros((1, 3)))
