"""The store of prepared cases notices any change, and only what changed is made again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.example_study import example_study

from hepaphase.io.case import write_case
from hepaphase.prepare.cohort import Tools, prepare_cohort
from hepaphase.prepare.crop import LiverGrid

CASES = ("a", "b", "c")


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    for case in CASES:
        write_case(replace(example_study(), case=case), tmp_path / "in" / case)
    prepare_cohort(tmp_path / "in", tmp_path / "out", quiet=True)
    return tmp_path


def remade(folder: Path, **settings: Any) -> set[str]:
    """Cases that a further run makes again."""
    before = {case: (folder / "out" / f"{case}.npz").stat().st_mtime_ns for case in CASES}
    prepare_cohort(folder / "in", folder / "out", quiet=True, **settings)
    return {case for case in CASES if (folder / "out" / f"{case}.npz").stat().st_mtime_ns != before[case]}


def test_one_byte_changed_in_one_file_makes_only_that_case_again(cohort: Path) -> None:
    assert remade(cohort) == set()
    path = cohort / "in" / "b" / "study.json"
    path.write_text(path.read_text().replace('"age": 61', '"age": 62'))
    assert remade(cohort) == {"b"}
    assert remade(cohort) == set()


def test_a_row_of_the_table_is_input_too(cohort: Path) -> None:
    (cohort / "in" / "metadata.csv").write_text("case,weight\na,70\n")
    assert remade(cohort) == {"a"}


def test_a_damaged_result_or_another_grid_is_made_again(cohort: Path) -> None:
    with (cohort / "out" / "c.npz").open("ab") as file:
        file.write(b"x")
    assert remade(cohort) == {"c"}
    assert remade(cohort, grid=LiverGrid(spacing_mm=5.0)) == set(CASES)


def test_another_organ_model_makes_all_again(cohort: Path) -> None:
    assert remade(cohort, tools=Tools(fingerprint="other weights")) == set(CASES)
    assert remade(cohort, tools=Tools(fingerprint="other weights")) == set()


def test_a_damaged_index_makes_all_again(cohort: Path) -> None:
    (cohort / "out" / "cache.json").write_text("{")
    assert remade(cohort) == set(CASES)
