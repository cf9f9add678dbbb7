import pytest

from hepaphase.recipes import RECIPES
from hepaphase.training.tasks.diagnosis import DiagnosisTask


@pytest.mark.parametrize("name", ["reader", "lidia", "diagnosis"])
def test_a_recipe_has_its_own_name_and_a_quick_form(name: str) -> None:
    run = RECIPES.load(name)()
    assert run.name == name and run.build is DiagnosisTask
    assert run.made_quick().num_steps <= 8


def test_lidia_holds_the_published_settings() -> None:
    run = RECIPES.load("lidia")()
    assert (run.task.network.num_queries, run.task.lr, run.batch_size) == (50, 1e-5, 2)
    assert (run.task.loss.seg_weight, run.task.loss.class_weight) == (5, 5)
    contrast = run.task.loss.contrast
    assert (contrast.weight, contrast.temperature, contrast.bank) == (0.01, 0.1, 1024) and run.task.sharpness > 0
    assert run.made_quick().task.loss.contrast == contrast and run.made_quick().task.sharpness > 0
    assert not run.task.network.semantic_branch and run.task.network.shared_operator


def test_the_reader_has_neither_contrast_nor_sharpness() -> None:
    task = RECIPES.load("reader")().task
    assert task.loss.contrast.weight == 0 and task.sharpness == 0
    assert task.network.fusion == "iterative" and not task.network.num_anchors and not task.network.num_memory
