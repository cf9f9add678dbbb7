"""Prediction sets hold the true class as often as promised, on anything exchangeable."""

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.conformal import coverage, prediction_set, smallest_share
from hepaphase.evaluation.lesion_rows import LesionRow
from hepaphase.study.lesions import LESION_CLASSES

KEYS = tuple(LESION_CLASSES)


def row(case: str, true: str, probabilities) -> LesionRow:
    best = max(probabilities, key=lambda key: probabilities[key])
    return LesionRow(case=case, true_class=true, found_class=best, probabilities=probabilities)


def drawn(number: int, seed: int) -> list[LesionRow]:
    """An overconfident reader: the truth is drawn from shares much flatter than those it gives."""
    rng = np.random.default_rng(seed)
    flat = rng.dirichlet(np.ones(len(KEYS)), number)
    sharp = flat**3 / (flat**3).sum(axis=1, keepdims=True)
    true = [rng.choice(len(KEYS), p=p) for p in flat]
    return [
        row(f"p{k}", KEYS[t], dict(zip(KEYS, map(float, p), strict=True)))
        for k, (t, p) in enumerate(zip(true, sharp, strict=True))
    ]


def test_sets_cover_what_they_promise_however_wrong_the_probabilities_are() -> None:
    at_least, number = smallest_share(drawn(2000, 1))
    held, size, count = coverage(drawn(2000, 2), at_least, Bootstrap(num_resamples=20))
    assert number == count == 2000
    assert held.value == pytest.approx(0.9, abs=0.025) and held.low < held.value < held.high and 1 < size < 8


def test_the_share_is_that_of_the_rank_that_the_proof_asks_for() -> None:
    """Of 9 lesions the 9th smallest score: ceil(10 x 0.9); of 8 the 9th, which there is not."""
    rows = [row(f"p{k}", "hcc", {"hcc": 0.1 * (k + 1), "cyst": 1 - 0.1 * (k + 1)}) for k in range(9)]
    assert smallest_share(rows) == (pytest.approx(0.1), 9)
    assert smallest_share(rows[1:]) == (0.0, 8)
    assert smallest_share(rows, level=0.5)[0] == pytest.approx(0.5)


def test_a_set_is_ranked_and_never_empty() -> None:
    shares = {"hcc": 0.2, "cyst": 0.5, "fnh": 0.3}
    assert prediction_set(shares, 0.3) == ("cyst", "fnh")
    assert prediction_set(shares, 0.9) == ("cyst",)
    assert prediction_set(shares, 0.0) == ("cyst", "fnh", "hcc")


def test_false_finds_and_missed_lesions_count_for_nothing() -> None:
    missed = LesionRow(case="a", true_class="hcc")
    false = LesionRow(case="a", found_class="cyst", probabilities={"cyst": 1.0})
    with pytest.raises(InputError, match="prediction set needs"):
        smallest_share([missed, false])
    assert smallest_share([missed, false, row("b", "hcc", {"hcc": 0.8})], level=0.5) == (pytest.approx(0.8), 1)
