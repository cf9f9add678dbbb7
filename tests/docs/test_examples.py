"""The code on the pages works, each addition as one file or one row."""

import importlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.example_study import COARSE, example_study

from hepaphase.base.family import Family
from hepaphase.datasets.protocol import ADAPTERS, open_cohort
from hepaphase.evaluation.metric import METRICS
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.simulate import simulate
from hepaphase.recipes import RECIPES
from hepaphase.study import lesions
from hepaphase.study.phase import TYPICAL_TIME_S, Phase, Provenance
from hepaphase.study.study import AlignedStudy
from hepaphase.synthesis import GENERATORS

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"


def example(page: str) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", (HOW_TO / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    return str(code)


def add(family: Family, name: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Put ``code`` into the family's folder, as far as Python can tell, and load it by name."""
    (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    folder = importlib.import_module(family.package)
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    assert name in family.names()
    return family.load(name)


def test_metric_of_the_guide_works_as_one_added_file(tmp_path, monkeypatch):
    metric = add(METRICS, "rmse_example", example("add-a-metric.md"), tmp_path, monkeypatch)
    truth = np.random.default_rng(0).normal(50, 20, COARSE.shape_zyx)
    assert metric.compute(truth, truth) == metric.perfect
    assert metric.compute(truth + 3, truth) == pytest.approx(3)


def test_generator_of_the_guide_works_as_one_added_file(tmp_path, monkeypatch):
    generator = add(GENERATORS, "first_phase_example", example("add-a-generator.md"), tmp_path, monkeypatch)()
    hu = np.full(COARSE.shape_zyx, 40.0, np.float32)
    study = AlignedStudy(
        "a", COARSE, Phase.NC, {Phase.NC: hu}, {Phase.NC: Provenance.MEASURED}, {Phase.NC: 0.0}, {Phase.NC: np.eye(4)}
    )
    made = generator.generate(study, Phase.AP)
    assert made.time_s == TYPICAL_TIME_S[Phase.AP] and made.hu.shape == COARSE.shape_zyx
    assert (made.sd_hu > 0).all()


def test_adapter_of_the_guide_works_as_one_added_file(tmp_path, monkeypatch):
    (tmp_path / "code").mkdir()
    adapter = add(ADAPTERS, "side_by_side_example", example("add-a-dataset.md"), tmp_path / "code", monkeypatch)
    study = example_study()
    adapter.write_example(tmp_path / "cohort", study)
    again = open_cohort(tmp_path / "cohort").load(study.case)
    np.testing.assert_array_equal(again.phase(Phase.PVP).hu, study.phase(Phase.PVP).hu)
    np.testing.assert_array_equal(again.masks["lesions"][0] > 0, study.masks["lesions"][0] > 0)


def test_lesion_class_of_the_guide_is_one_row(monkeypatch):
    names = {name: getattr(lesions, name) for name in ("LesionClass", "Tissue", "Appearance")}
    row = eval(example("add-a-lesion-class.md"), names)
    assert isinstance(row, lesions.LesionClass) and row.key not in lesions.LESION_CLASSES
    monkeypatch.setitem(lesions.LESION_CLASSES, row.key, replace(row, prevalence=1e9))
    assert lesions.lesion_class("abscess").name == "Abscess"
    grid = Grid(shape_zyx=(10, 12, 14), spacing_zyx_mm=(16.0, 15.0, 14.0))
    patients = (simulate(seed, grid=grid).study for seed in range(9))
    grown = next(patient for patient in patients if patient.lesion_table)
    assert grown.lesion_table is not None and "abscess" in {entry.lesion_class for entry in grown.lesion_table}


def test_recipe_of_the_guide_works_as_one_added_file(tmp_path, monkeypatch):
    recipe = add(RECIPES, "gentle_example", example("add-a-recipe.md"), tmp_path, monkeypatch)
    run = recipe()
    assert run.name == "gentle_example" and run.task.lr == 5e-4
    assert RECIPES.describe("gentle_example").endswith(".")
