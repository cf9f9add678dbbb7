from dataclasses import is_dataclass

import pytest

from hepaphase.recipes import RECIPES
from hepaphase.training.run import Run


@pytest.mark.parametrize("name", RECIPES.names())
def test_a_recipe_is_a_whole_run(name: str) -> None:
    run = RECIPES.load(name)()
    assert isinstance(run, Run)
    assert run.name == name
    assert is_dataclass(run.task)
    assert run.training_data
    assert run.made_quick().num_steps <= 20


@pytest.mark.parametrize("name", ["unet", "nnunet", "pix2pix", "galsce_1a", "galsce_1b", "flow"])
def test_rivals_have_a_size_for_one_core(name: str) -> None:
    run = RECIPES.load(name)()
    small = run.at_scale("cpu")
    assert type(small.task) is type(run.task) and small.num_steps < run.num_steps and not small.validate_every
    assert min(small.task.crop_zyx) >= 32 or not getattr(small.task, "bfloat16", False)  # the trap of shallow volumes


@pytest.mark.parametrize("name", RECIPES.names())
def test_a_recipe_says_what_it_is_for(name: str) -> None:
    line = RECIPES.describe(name)
    assert 20 < len(line) < 120 and line.endswith(".")
