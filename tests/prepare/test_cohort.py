"""A cohort folder becomes prepared cases, once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.example_study import example_study

from hepaphase.base.errors import InputError, StudyError
from hepaphase.io.case import write_case
from hepaphase.prepare.cohort import prepare_case, prepare_cohort
from hepaphase.study.phase import Phase
from hepaphase.study.study import PhaseVolume
from hepaphase.training.cohort import read_prepared


def test_cases_are_prepared_and_read_back(tmp_path: Path) -> None:
    study = example_study()
    write_case(study, tmp_path / "cohort" / "one")
    paths = prepare_cohort(tmp_path / "cohort", tmp_path / "out", quiet=True)
    case = read_prepared(paths[0])
    assert set(case.hu) == set(study.phases)
    assert case.masks["liver"].any()
    assert tuple(case.geometry["shape_zyx"]) == (48, 64, 64)
    assert set(case.lesion_classes.values()) == {row.lesion_class for row in study.lesion_table or ()}


def test_a_second_run_keeps_what_is_there(tmp_path: Path) -> None:
    write_case(example_study(), tmp_path / "cohort" / "one")
    path = prepare_cohort(tmp_path / "cohort", tmp_path / "out", quiet=True)[0]
    before = path.stat().st_mtime_ns
    prepare_cohort(tmp_path / "cohort", tmp_path / "out", quiet=True)
    assert path.stat().st_mtime_ns == before


def test_a_case_without_a_liver_needs_a_segmenter() -> None:
    study = replace(example_study(), masks={})
    with pytest.raises(StudyError, match="no liver mask"):
        prepare_case(study)

    def everything(volume: PhaseVolume) -> np.ndarray:
        return np.ones(volume.hu.shape, np.uint8)

    assert prepare_case(study, segment=everything).masks["liver"].any()


def test_an_empty_cohort_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        prepare_cohort(tmp_path, tmp_path / "out", quiet=True)


def test_phases_are_in_order() -> None:
    assert list(prepare_case(example_study()).hu) == [p for p in Phase if p in example_study().phases]
