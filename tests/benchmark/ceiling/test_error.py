"""The error that cannot be avoided: little where the class is told and decides, much where noise hides it."""

from dataclasses import replace

import numpy as np
from tests.benchmark.ceiling.cohorts import make_draws, make_measured

from hepaphase.benchmark.ceiling.error import SUBSETS, error_figures, settle
from hepaphase.benchmark.ceiling.figures import brackets
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.study.phase import Phase


def test_both_ends() -> None:
    train, test = make_measured(180, seed=2), make_measured(60, seed=3)
    figures = error_figures(
        train, test, make_draws(320), Bootstrap(num_resamples=10), subsets=[(Phase.NC,)], quiet=True
    )
    found = brackets(figures)
    low, high = found["MAE", "lesion mean", "NC", False, "AP"]
    assert 0.5 < low < 3 < high  # noise-free values still have a spread of 1 HU
    assert found["MAE", "liver mean", "NC", False, "DP"][1] < 3
    one_sided = found["MAE", "liver", "NC", False, "PVP"]
    assert np.isfinite(one_sided[0])
    assert np.isnan(one_sided[1])
    patients = {f.num for f in figures if f.level == "liver mean"}
    assert patients == {60}
    assert {f.num for f in figures if f.level == "lesion mean"} == {40}
    swapped = [replace(f, value=99.0) if f.end == "lower" else f for f in figures]
    settled = brackets(settle(swapped))
    assert settled["MAE", "lesion mean", "NC", False, "AP"] == (high, high)
    assert settled["MAE", "liver", "NC", False, "PVP"][0] == settled["MAE", "liver mean", "NC", False, "PVP"][1]


def test_every_subset_that_lacks_a_phase() -> None:
    assert len(SUBSETS) == 14
    assert sum(4 - len(s) for s in SUBSETS) == 28
