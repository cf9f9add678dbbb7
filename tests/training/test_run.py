from dataclasses import replace

import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.recipes.smoke import recipe
from hepaphase.training.tasks.smoke import SmokeConfig


def test_quick_is_a_few_steps() -> None:
    assert recipe().made_quick().num_steps == 8
    tiny = replace(recipe(), quick={"num_steps": 3, "task": SmokeConfig(channels=1)}).made_quick()
    assert (tiny.num_steps, tiny.task.channels) == (3, 1)


def test_a_scale_is_another_size_of_the_same_run() -> None:
    run = replace(recipe(), scales={"cpu": {"num_steps": 30}})
    assert run.at_scale("cpu").num_steps == 30
    with pytest.raises(ConfigError, match=r"'smoke' has no scale 'gpu' \(it has: cpu\)"):
        run.at_scale("gpu")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_steps": 0}, "num_steps must be at least 1"),
        ({"seed": -1}, "seed cannot be negative"),
        ({"amp": True}, "needs CUDA"),
        ({"quick": {"steps": 3}}, "does not have: steps"),
        ({"scales": {"cpu": {"steps": 3}}}, "cpu replaces fields that a run does not have: steps"),
    ],
)
def test_a_run_that_cannot_be_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(recipe(), **settings)
