"""Folds by patient."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaphase.base.errors import ConfigError
from hepaphase.datasets.split import assign_folds

PATIENTS = {f"case{i}": f"patient{i // 3}" for i in range(40)}


@given(num_folds=st.integers(2, 14), seed=st.integers(0, 2**31))
def test_no_patient_is_in_two_folds_and_folds_are_even(num_folds, seed):
    folds = assign_folds(PATIENTS, num_folds=num_folds, seed=seed)
    assert set(folds) == set(PATIENTS)
    of_patient = {(PATIENTS[case], fold) for case, fold in folds.items()}
    assert len(of_patient) == len(set(PATIENTS.values()))
    sizes = Counter(fold for _, fold in of_patient)
    assert set(sizes) == set(range(num_folds)) and max(sizes.values()) - min(sizes.values()) <= 1


def test_order_of_cases_does_not_matter_but_the_seed_does():
    folds = assign_folds(PATIENTS, num_folds=5, seed=1)
    assert assign_folds(dict(reversed(PATIENTS.items())), num_folds=5, seed=1) == folds
    assert assign_folds(PATIENTS, num_folds=5, seed=2) != folds


def test_each_stratum_is_spread_evenly():
    patients = {f"c{i}": f"p{i}" for i in range(60)}
    strata = {case: "rare" if i % 6 == 0 else "common" for i, case in enumerate(patients)}
    folds = assign_folds(patients, num_folds=5, seed=3, strata=strata)
    rare = Counter(fold for case, fold in folds.items() if strata[case] == "rare")
    assert all(rare[fold] == 2 for fold in range(5))


@pytest.mark.parametrize("num_folds", [0, 1, 15])
def test_impossible_folds_are_refused(num_folds):
    with pytest.raises(ConfigError, match="14 patients"):
        assign_folds(PATIENTS, num_folds=num_folds, seed=0)
