"""A cohort folder becomes prepared cases, once."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.datasets.test_dicom_cohorts import scan
from tests.example_study import example_study

from hepaphase.base.errors import InputError, PhaseDoubtError, StudyError
from hepaphase.datasets.protocol import ADAPTERS
from hepaphase.datasets.unnamed import Told
from hepaphase.io.case import write_case
from hepaphase.prepare.case import prepare_case
from hepaphase.prepare.cohort import Tools, prepare_cohort
from hepaphase.study.phase import Phase
from hepaphase.study.study import PhaseVolume
from hepaphase.training.cohort import read_prepared


def test_cases_are_prepared_and_read_back(tmp_path: Path) -> None:
    study = example_study()
    write_case(study, tmp_path / "cohort" / "one")
    paths = prepare_cohort(tmp_path / "cohort", tmp_path / "out", quiet=True).paths
    record = json.loads((tmp_path / "out" / "prepared.json").read_text())
    assert record["patients"] == {"one": "one"} and record["licence"] == "cohort: licence not stated"
    case = read_prepared(paths[0])
    assert set(case.hu) == set(study.phases)
    assert case.masks["liver"].any()
    assert tuple(case.geometry["shape_zyx"]) == (48, 64, 64)
    assert set(case.lesion_classes.values()) == {row.lesion_class for row in study.lesion_table or ()}


def test_a_second_run_keeps_what_is_there(tmp_path: Path) -> None:
    write_case(example_study(), tmp_path / "cohort" / "one")
    path = prepare_cohort(tmp_path / "cohort", tmp_path / "out", quiet=True).paths[0]
    before = path.stat().st_mtime_ns
    prepare_cohort(tmp_path / "cohort", tmp_path / "out", quiet=True)
    assert path.stat().st_mtime_ns == before


def test_a_case_without_a_liver_needs_a_segmenter() -> None:
    study = replace(example_study(), masks={})
    with pytest.raises(StudyError, match="no liver mask"):
        prepare_case(study)

    def everything(volume: PhaseVolume) -> np.ndarray:
        return np.ones(volume.hu.shape, np.uint8)

    assert prepare_case(study, segment=everything).study.masks["liver"].any()


def test_an_empty_cohort_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        prepare_cohort(tmp_path, tmp_path / "out", quiet=True)


def test_what_is_odd_is_written_and_kept_with_the_case(tmp_path: Path) -> None:
    write_case(example_study(), tmp_path / "cohort" / "one")
    tools = Tools(check=lambda study: [f"{study.case} looks swapped"])
    for _ in range(2):
        done = prepare_cohort(tmp_path / "cohort", tmp_path / "out", tools=tools, quiet=True)
        assert [text for _, text in done.warnings] == ["a doubt", "case 7 ü looks swapped"]
    assert "one,case 7 ü looks swapped" in (tmp_path / "out" / "warnings.csv").read_text()


def test_dicom_is_prepared_and_a_study_in_doubt_is_left_out(tmp_path: Path) -> None:
    adapter = ADAPTERS.load("dicom")
    for case in ("a", "b"):
        adapter.write_example(tmp_path / "in" / case, scan(case))

    def by_hand(volumes, masks):
        if doubtful:
            doubtful.pop()
            raise PhaseDoubtError("Series 2 looks like AP 0.5 or PVP 0.5.")
        return Told({Phase.AP: volumes[0].volume}, {Phase.AP: volumes[0].name}, ())

    doubtful = [True]
    done = prepare_cohort(tmp_path / "in", tmp_path / "out", tools=Tools(namer=by_hand), quiet=True)
    assert len(done.paths) == len(done.left_out) == 1
    assert list(read_prepared(done.paths[0]).hu) == [Phase.AP]
    assert "Series 2" not in (tmp_path / "out" / "warnings.csv").read_text()
    done = prepare_cohort(tmp_path / "in", tmp_path / "out", tools=Tools(namer=by_hand), quiet=True)
    assert len(done.paths) == 2 and not done.left_out


def test_phases_are_in_order() -> None:
    assert list(prepare_case(example_study()).study.hu) == [p for p in Phase if p in example_study().phases]
