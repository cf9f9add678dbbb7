"""Both ends of the bracket, on cohorts whose classes the noise-free values tell apart and the noisy ones do not."""

from pathlib import Path

import numpy as np
import pytest
from tests.benchmark.ceiling.cohorts import make_draws, make_measured

from hepaphase.benchmark.ceiling.bracket import SUBSETS, auc_figures, keep_scanned, observe_all
from hepaphase.benchmark.ceiling.figures import brackets
from hepaphase.benchmark.ceiling.run import write_observers
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.patient import summarize
from hepaphase.evaluation.rows import read_rows
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import Phase

QUICK = Bootstrap(num_resamples=10)


@pytest.fixture(scope="module")
def observed():
    train, test = make_measured(180, seed=2), make_measured(96, seed=3)
    return observe_all(train, test, make_draws(320), subsets=[(Phase.NC,)], quiet=True)


@pytest.fixture(scope="module")
def figures(observed):
    return auc_figures(observed, QUICK)


def test_what_observers_said_can_be_paired_with_a_reader(observed, figures, tmp_path: Path) -> None:
    write_observers(tmp_path, observed, {"cohort": "toy"})
    rows = read_rows(tmp_path / "lower-NC.csv")
    said = {s.name: s.interval.value for s in summarize(rows, QUICK)}
    wanted = {f.name: f.value for f in figures if (f.level, f.end, f.clinical) == ("patient", "lower", False)}
    assert wanted == pytest.approx({name: said[name] for name in wanted})


def test_every_bracket_has_two_ends(figures) -> None:
    found = brackets(figures)
    names = {"malignant AUC", "AUC-8", *(f"AUC {key}" for key in LESION_CLASSES)}
    assert {key[4] for key in found if key[1] == "lesion"} == names
    assert {key[4] for key in found if key[1] == "patient"} == names | {"AUC-2"}
    assert all(np.isfinite(ends).all() for ends in found.values())
    assert {key[3] for key in found} == {False, True}


def test_who_is_told_reaches_what_noise_hides(figures) -> None:
    found = brackets(figures)
    for level in ("patient", "lesion"):
        low, high = found["AUC", level, "NC", False, "AUC-8"]
        assert high > 0.97
        assert 0.3 < low < 0.8


def test_sizes_are_those_of_the_test_cohort(figures) -> None:
    patients = [f for f in figures if f.level == "patient" and f.name == "AUC cyst"]
    assert {(f.num, f.positive) for f in patients} == {(96, 8)}
    assert {f.num for f in figures if f.level == "lesion"} == {64}


def test_nc_every_pair_and_all() -> None:
    assert [len(s) for s in SUBSETS] == [1, 2, 2, 2, 2, 2, 2, 4]


def test_patients_without_a_phase_are_left_out() -> None:
    cohort = make_measured(12)
    cohort.times_s[4, 2] = np.nan
    kept = keep_scanned(cohort, [0, 2])
    assert len(kept.case) == 11
    assert kept.lesion_owner.max() == 10
    assert "p4" not in kept.case
    assert np.array_equal(kept.truth[kept.lesion_owner, kept.lesion_class], np.ones(len(kept.lesion_owner), bool))
    assert keep_scanned(cohort, [0, 1]) is cohort
