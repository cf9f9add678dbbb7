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


@pytest.mark.parametrize("name", RECIPES.names())
def test_a_recipe_says_what_it_is_for(name: str) -> None:
    line = RECIPES.describe(name)
    assert 20 < len(line) < 120 and line.endswith(".")
