"""Rows of LIDIA's tables: each trains in tiny, is read on a test cohort, and leaves its patients."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from hepaphase.base.errors import InputError, UnknownNameError
from hepaphase.benchmark.cases import load_case
from hepaphase.benchmark.lidia.drive import drive, given, read_again
from hepaphase.benchmark.lidia.settings import TABLES, TRAININGS, training
from hepaphase.benchmark.order import Order
from hepaphase.diagnosis.build import build
from hepaphase.evaluation.rows import read_rows
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import Cohort, Split, open_cohort

from ...training.lesion_cohort import write_lesion_cohort
from ..test_diagnosis import write_case


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Split, Path]:
    crops, test = tmp_path_factory.mktemp("crops"), tmp_path_factory.mktemp("test")
    training_cases = open_cohort(write_lesion_cohort(crops))
    for name, lesion in (("a", "hcc"), ("bb", None), ("ccc", "cyst")):
        write_case(test, name, lesion=lesion)
    return Split(training_cases, Cohort(open_cohort(test).files[:1], "validation")), test


@pytest.mark.parametrize("name", ["nnunet", "focal", "branch"])
def test_a_training_leaves_the_patients_of_its_rows(name: str, data: tuple[Split, Path], tmp_path: Path) -> None:
    order = Order(training=name, seed=2, quick=True, threads=1, cohort="toy")
    paths = drive(order, *data, tmp_path, quiet=True)
    wanted = {f"{r}-seed2.csv" for t in TABLES.values() for r, row in t.rows.items() if row.training == name}
    assert {path.name for path in paths} == wanted
    for path in paths:
        assert [row.case for row in read_rows(path)] == ["a", "bb", "ccc"]
        with path.open(encoding="utf-8") as file:
            line = next(csv.DictReader(file))
        assert (line["training"], line["seed"], line["scale"], line["cohort"]) == (name, "2", "table, quick", "toy")
    before = paths[0].read_bytes()
    drive(order, *data, tmp_path, quiet=True)  # the finished run is read again, not trained again
    assert paths[0].read_bytes() == before


def test_a_training_may_be_asked_for_longer(data: tuple[Split, Path], tmp_path: Path) -> None:
    order = Order(training="hemis", quick=True, num_steps=6, threads=1, cohort="toy")
    (path,) = drive(order, *data, tmp_path, quiet=True)
    assert json.loads((tmp_path / "runs" / "hemis-seed0" / "run.json").read_text())["settings"]["num_steps"] == 6
    (again,) = read_again(tmp_path / "runs", data[1], tmp_path / "o", order=Order(training="", threads=1), quiet=True)
    for written in (path, again):
        with written.open(encoding="utf-8") as file:
            assert next(csv.DictReader(file))["steps"] == "6"


def test_another_cohort_is_read_with_what_was_trained(data: tuple[Split, Path], tmp_path: Path) -> None:
    order = Order(training="hemis", seed=2, quick=True, threads=1, cohort="toy")
    (first,) = drive(order, *data, tmp_path, quiet=True)
    weights = (tmp_path / "runs" / "hemis-seed2" / "model.hepa").read_bytes()
    (tmp_path / "runs" / "focal-seed0").mkdir()  # begun only
    other = Order(training="", threads=1, cohort="toy")
    (again,) = read_again(tmp_path / "runs", data[1], tmp_path / "other", order=other, quiet=True)
    assert again.read_bytes() == first.read_bytes()
    assert (tmp_path / "runs" / "hemis-seed2" / "model.hepa").read_bytes() == weights
    (fewer,) = read_again(tmp_path / "runs", data[1], tmp_path / "two", order=replace(other, at_most=2), quiet=True)
    assert len(read_rows(fewer)) == 2
    again.write_text("kept")
    read_again(tmp_path / "runs", data[1], tmp_path / "other", order=other, quiet=True)
    assert again.read_text() == "kept"
    with pytest.raises(InputError, match="'runs' that lidia-row leaves"):
        read_again(tmp_path, data[1], tmp_path / "other", order=other, quiet=True)


def test_the_delayed_phase_is_given_to_two_of_three_patients_or_to_none(data: tuple[Split, Path]) -> None:
    study = load_case(open_cohort(data[1]).files[0]).study
    many = [replace(study, case=f"patient-{n}") for n in range(300)]
    with_it = [given(s, TRAININGS["lidia"]) for s in many]
    assert 170 < sum(Phase.DP in s.hu for s in with_it) < 230
    assert not any(Phase.DP in given(s, TRAININGS["nnunet"]).hu for s in many)
    assert [list(given(s, TRAININGS["lidia"]).hu) for s in many] == [list(s.hu) for s in with_it]


@pytest.mark.parametrize("name", TRAININGS)
def test_a_training_differs_from_lidia_by_what_its_name_says(name: str) -> None:
    run = TRAININGS[name].run(seed=1)
    whole = TRAININGS["lidia"].run(seed=1)
    assert (run.num_steps, run.batch_size, run.seed) == (whole.num_steps, whole.batch_size, 1)
    assert (run.task == whole.task) == (name == "lidia")
    build(run.task.network)
    assert (run.task.sharpness > 0) == (name == "lidia")
    assert (run.task.loss.contrast.weight > 0) == (name in ("acl", "lidia", "branch"))


def test_every_row_has_its_training_and_a_score_it_can_give() -> None:
    for table in TABLES.values():
        assert not table.against or table.against in table.rows
        for row in [row for row in table.rows.values() if not row.foreign]:
            network = TRAININGS[row.training].run(seed=0).task.network
            assert row.score != "branch" or network.num_memory
    rows = [row for table in TABLES.values() for row in table.rows.values()]
    assert {row.training for row in rows if not row.foreign} == set(TRAININGS)
    assert not {row.training for row in rows if row.foreign} & set(TRAININGS)
    with pytest.raises(UnknownNameError, match="Did you mean 'lidia'"):
        training("lidla")
