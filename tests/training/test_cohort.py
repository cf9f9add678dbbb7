import ast
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaphase.base.errors import ConfigError, InputError
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import Cohort, is_prepared, open_cohort, open_split, read_prepared, split

from .smoke_cohort import SHAPES, write_case, write_cohort


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_prepared_case_comes_back(tmp_path: Path, number: int) -> None:
    case = read_prepared(write_case(tmp_path, number))
    assert case.case == f"case-{number:03d}"
    assert list(case.hu) == list(Phase)[: number + 1]
    assert case.hu[Phase.NC].shape == SHAPES[number] == case.masks["liver"].shape
    assert case.times_s == {Phase.NC: 0, Phase.AP: 35, Phase.DP: 180}
    assert case.lesion_classes == {2: "hcc", 5: "cyst"}
    assert case.geometry["origin_lps_mm"] == [-100.0 + number, 20.0, -300.0]
    assert (case.clinical, case.exam, case.clean_hu) == ({"age": 61}, {}, {})


def test_a_damaged_case_is_refused(tmp_path: Path) -> None:
    path = write_case(tmp_path, 0)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match="case-000"):
        read_prepared(path)


def test_a_parser_that_threads_confuse_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_case(tmp_path, 0)
    path = next(tmp_path.glob("*.npz"))
    parse, failures = ast.literal_eval, iter([True, False, True])

    def confused(text: str) -> object:
        if next(failures, False):
            raise SystemError("AST constructor recursion depth mismatch (before=54, after=48)")
        return parse(text)

    whole = read_prepared(path)
    monkeypatch.setattr(ast, "literal_eval", confused)
    again = read_prepared(path)
    assert next(failures, None) is None, "the parser must have failed"
    assert again.case == whole.case and all(np.array_equal(again.hu[p], hu) for p, hu in whole.hu.items())


def test_a_case_without_a_field_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", case="x")
    with pytest.raises(InputError, match="times_s"):
        read_prepared(tmp_path / "x.npz")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hepaphase prepare"):
        open_cohort(tmp_path)


def names(folder: Path, count: int) -> Cohort:
    return Cohort(tuple(folder / f"case-{i}.npz" for i in range(count)))


@given(count=st.integers(2, 23))
def test_folds_cover_all_cases_once(count: int) -> None:
    cohort = names(Path("nowhere"), count)
    parts = [split(cohort, fold=fold) for fold in range(min(5, count))]
    for part in parts:
        assert sorted(part.training.files + part.validation.files) == sorted(cohort.files)
    held_out = [path for part in parts for path in part.validation.files]
    assert sorted(held_out) == sorted(cohort.files)


def test_one_patient_trains_alone(tmp_path: Path) -> None:
    part = split(names(tmp_path, 1))
    assert (len(part.training), len(part.validation)) == (1, 0)


def test_cases_of_one_patient_stay_together(tmp_path: Path) -> None:
    patients = {f"case-{i}": f"patient-{i // 2}" for i in range(20)}
    (tmp_path / "prepared.json").write_text(json.dumps({"patients": patients}))
    for fold in range(5):
        part = split(names(tmp_path, 20), fold=fold)
        sides = [{patients[path.stem] for path in side.files} for side in (part.training, part.validation)]
        assert not sides[0] & sides[1]


def test_a_split_file_decides_and_folds_spare_its_test_cases(tmp_path: Path) -> None:
    listed = {"train": ["case-0", "case-3"], "validation": ["case-1"], "test": ["case-2"]}
    (tmp_path / "split.json").write_text(json.dumps(listed))
    part = split(names(tmp_path, 5))
    assert [p.stem for p in part.training.files] == ["case-0", "case-3"]
    assert [p.stem for p in part.validation.files] == ["case-1"]
    folded = split(names(tmp_path, 5), fold=1)
    assert "case-2" not in {p.stem for p in folded.training.files + folded.validation.files}


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ({"train": ["case-0"], "validation": ["case-0"]}, "'case-0' on two sides"),
        ({"train": ["someone"], "validation": []}, "names no training case"),
    ],
)
def test_a_wrong_split_file_is_refused(tmp_path: Path, listed: dict, message: str) -> None:
    (tmp_path / "split.json").write_text(json.dumps(listed))
    with pytest.raises(ConfigError, match=message):
        split(names(tmp_path, 3))


@pytest.mark.parametrize("fold", [-1, 5])
def test_a_fold_that_does_not_exist_is_refused(tmp_path: Path, fold: int) -> None:
    with pytest.raises(ConfigError, match="Choose 0 to 4"):
        split(names(tmp_path, 10), fold=fold)


def test_the_fingerprint_notices_a_changed_cohort(tmp_path: Path) -> None:
    cohort = open_cohort(write_cohort(tmp_path, num_cases=2))
    before = cohort.fingerprint()
    assert Cohort(cohort.files[:1]).fingerprint() != before
    cohort.files[0].write_bytes(b"other")
    assert cohort.fingerprint() != before


def test_two_folders_are_a_split(tmp_path: Path) -> None:
    write_cohort(tmp_path / "train", num_cases=2)
    part = open_split(tmp_path)
    assert (len(part.training), len(part.validation)) == (2, 0)
    (tmp_path / "validation").mkdir()
    write_case(tmp_path / "validation", 2)
    part = open_split(tmp_path)
    assert is_prepared(tmp_path) and part.training.name == tmp_path.name
    assert (len(part.training), len(part.validation)) == (2, 1)
    with pytest.raises(ConfigError, match="Leave --fold out"):
        open_split(tmp_path, fold=1)


def test_one_folder_is_dealt_out(tmp_path: Path) -> None:
    part = open_split(write_cohort(tmp_path, num_cases=5), fold=2)
    assert (len(part.training), len(part.validation)) == (4, 1)
