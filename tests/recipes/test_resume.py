"""Each recipe's task keeps all of its state: a run cut in the middle and resumed ends with the same weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.phantom.torso_example import example_organs

from hepaphase.phantom.label_maps import write_embedded
from hepaphase.recipes import RECIPES
from hepaphase.training.checkpoint import Checkpoints
from hepaphase.training.cohort import Split, open_cohort, split
from hepaphase.training.loop import Options, fit
from hepaphase.training.overrides import override
from hepaphase.training.run import Run

from ..training.lesion_cohort import write_lesion_cohort

NUM_STEPS, CUT = 4, 2
SETTINGS = {"synthesis": ("crop_zyx=32,32,32",)}
"""bfloat16 gradients of convolutions over less than four voxels are not the same twice (oneDNN, torch 2.13)."""
QUIET = Options(quiet=True, tensorboard=False)


class PowerCutError(Exception):
    pass


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Split]:
    """Liver crops; for ``organs``, label maps."""
    crops, maps = tmp_path_factory.mktemp("crops"), tmp_path_factory.mktemp("maps")
    write_embedded(maps, example_organs(), num_maps=2, seed=0, name="example")
    return {"": split(open_cohort(write_lesion_cohort(crops))), "organs": split(open_cohort(maps))}


def cut_short(run: Run) -> Run:
    """The same run, failing after ``CUT`` steps."""

    def build(config: object, setup: object) -> object:
        task = run.build(config, setup)
        step = task.step

        def cut(batch: object, *, progress: object) -> dict[str, float]:
            if progress.step == CUT:
                raise PowerCutError
            return step(batch, progress=progress)

        task.step = cut
        return task

    return replace(run, build=build)


@pytest.mark.parametrize("name", RECIPES.names())
def test_a_cut_run_ends_as_if_it_had_not_been(name: str, cohorts: dict[str, Split], tmp_path: Path) -> None:
    run = replace(RECIPES.load(name)().made_quick(), num_steps=NUM_STEPS, checkpoint_steps=1, threads=1)
    data = cohorts.get(name, cohorts[""])
    run = override(run, SETTINGS.get(name, ()))
    fit(run, data, tmp_path / "whole", options=QUIET)
    with pytest.raises(PowerCutError):
        fit(cut_short(run), data, tmp_path / "cut", options=QUIET)
    fit(run, data, tmp_path / "cut", options=replace(QUIET, resume=True))
    one, two = (leaves(Checkpoints(tmp_path / folder / "checkpoints").newest()) for folder in ("whole", "cut"))
    assert one.keys() == two.keys()
    assert [key for key in one if not same(one[key], two[key])] == []


def leaves(value: object, name: str = "") -> dict[str, object]:
    """Path to every tensor and number."""
    if isinstance(value, dict):
        return {k: v for key, entry in value.items() for k, v in leaves(entry, f"{name}.{key}").items()}
    if isinstance(value, (list, tuple)):
        return {k: v for key, entry in enumerate(value) for k, v in leaves(entry, f"{name}.{key}").items()}
    return {name: value}


def same(one: object, two: object) -> bool:
    return torch.equal(one, two) if isinstance(one, torch.Tensor) else one == two
