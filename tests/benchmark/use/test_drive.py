"""Readers trained on measured, generated and both kinds of phases, in tiny."""

import csv
from pathlib import Path

import pytest

from hepaphase.base.errors import InputError, UnknownNameError
from hepaphase.benchmark.order import Order
from hepaphase.benchmark.use.drive import drive, training_cases
from hepaphase.benchmark.use.settings import TRAININGS
from hepaphase.benchmark.use.tables import make_tables
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.rows import read_rows
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.carry import Generator
from hepaphase.training.cohort import Cohort, Split, open_cohort
from hepaphase.training.filled import fill_crops

from ...training.lesion_cohort import write_lesion_cohort
from ..test_diagnosis import write_case

Data = tuple[Split, Path, Path]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    base = tmp_path_factory.mktemp("use")
    crops = write_lesion_cohort(base / "crops")
    fill_crops(crops, base / "filled", Generator(), given=(Phase.NC,), quiet=True)
    (base / "test").mkdir()
    for name, lesion in (("a", "hcc"), ("bb", None), ("ccc", "cyst"), ("dddd", "hcc")):
        write_case(base / "test", name, lesion=lesion)
    split = Split(open_cohort(crops), Cohort(open_cohort(base / "test").files[:1], "validation"))
    return split, base / "filled", base / "test"


def test_readers_are_trained_read_and_compared(data: Data, tmp_path: Path) -> None:
    split, filled, test = data
    for name in ("nc", "mixed"):
        order = Order(training=name, quick=True, threads=1, cohort="toy", generator="carry")
        paths = drive(order, split, filled, test, tmp_path, generator=Generator(), quiet=True)
        assert [p.name for p in paths] == [f"{name}-on-{r}-seed0.csv" for r in TRAININGS[name].readings]
        for path in paths:
            assert [row.case for row in read_rows(path)] == ["a", "bb", "ccc", "dddd"]
            with path.open(encoding="utf-8") as file:
                line = next(csv.DictReader(file))
            assert (line["trained"], line["scale"], line["generator"]) == (name, "table, quick", "carry")
    text = make_tables(tmp_path, Bootstrap(num_resamples=20))
    assert "| mixed-on-generated | nc-on-nc |" in text
    assert "Not trained yet: measured phases, NC and phases generated from it." in text


def test_examples_are_those_of_the_training(data: Data, tmp_path: Path) -> None:
    split, filled, test = data
    number = {name: len(training_cases(kind, split.training, filled)) for name, kind in TRAININGS.items()}
    assert number == {"nc": 6, "measured": 6, "generated": 6, "mixed": 12}
    made = training_cases(TRAININGS["generated"], split.training, filled)
    assert all(made.load(n).generated for n in range(len(made)))
    with pytest.raises(InputError, match="give --filled"):
        training_cases(TRAININGS["mixed"], split.training, None)
    with pytest.raises(InputError, match="must be the same patients"):
        training_cases(TRAININGS["mixed"], split.training, test)
    with pytest.raises(InputError, match="holds no row"):
        make_tables(tmp_path)
    with pytest.raises(UnknownNameError, match="Did you mean 'mixed'"):
        drive(Order(training="mixd"), split, filled, test, tmp_path, generator=Generator())


def test_readers_differ_in_what_they_see_alone() -> None:
    runs = {name: kind.run(seed=3) for name, kind in TRAININGS.items()}
    assert {(run.num_steps, run.batch_size, run.seed, run.task.network) for run in runs.values()} == {
        (r.num_steps, r.batch_size, 3, r.task.network) for r in [runs["nc"]]
    }
    assert runs["nc"].task.patch.phases != runs["measured"].task.patch.phases
    assert runs["generated"].task == runs["measured"].task == runs["mixed"].task
