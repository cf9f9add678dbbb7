import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.phantom.torso_example import example_organs

from hepaphase.base.errors import ConfigError
from hepaphase.base.seeds import stream
from hepaphase.organs.network import NetworkConfig
from hepaphase.organs.segment import KIND
from hepaphase.phantom.label_maps import write_embedded
from hepaphase.recipes import RECIPES
from hepaphase.training.cohort import Cohort, open_cohort
from hepaphase.training.task import Progress, Setup
from hepaphase.training.tasks.organs import OrgansConfig, OrgansTask, ViewSamples

TINY = OrgansConfig(network=NetworkConfig(channels=(4, 6)), shape_zyx=(16, 24, 24), bfloat16=False, warmup_steps=1)
SETUP = Setup(device=torch.device("cpu"), amp=False, num_steps=20, batch_size=1, seed=0)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("maps")
    write_embedded(folder, example_organs(), num_maps=2, seed=0, name="example")
    return open_cohort(folder)


def _batch(cohort: Cohort, number: int) -> dict[str, torch.Tensor]:
    sample = ViewSamples(cohort, TINY, training=True).sample(number % 2, stream(0, number))
    return {name: torch.from_numpy(np.asarray(array)[None]) for name, array in sample.items()}


def test_shares_of_classes_sum_to_the_whole_voxel(cohort: Cohort) -> None:
    sample = ViewSamples(cohort, TINY, training=True).sample(1, stream(0, 1))
    assert sample["hu"].shape == (16, 24, 24) and sample["hu"].dtype == np.float32
    assert sample["share"].dtype == np.uint8 and (sample["share"].sum(axis=0) == 8).all()


def test_a_sample_is_a_function_of_its_number_and_generator(cohort: Cohort) -> None:
    one, two = (_batch(cohort, 3) for _ in range(2))
    assert torch.equal(one["hu"], two["hu"]) and torch.equal(one["share"], two["share"])


def test_training_on_one_view_learns_it(cohort: Cohort) -> None:
    torch.manual_seed(0)
    task, batch = OrgansTask(replace(TINY, learning_rate=1e-2), SETUP), _batch(cohort, 2)
    figures = [task.step(batch, progress=Progress(0, 20)) for _ in range(20)]
    assert figures[-1]["loss"] < 0.85 * figures[0]["loss"]
    assert figures[-1]["liver_dice"] > 1.2 * figures[0]["liver_dice"]


def test_going_on_from_a_state_is_the_same_as_never_having_stopped(cohort: Cohort) -> None:
    batches = [_batch(cohort, number) for number in range(4)]
    torch.manual_seed(0)
    whole = OrgansTask(TINY, SETUP)
    states = []
    for step, batch in enumerate(batches):
        states.append(torch.load(_saved(whole.state_dict()), weights_only=True))
        whole.step(batch, progress=Progress(step, 4))
    half = OrgansTask(TINY, SETUP)
    half.load_state_dict(states[2])
    for step in (2, 3):
        half.step(batches[step], progress=Progress(step, 4))
    for name, tensor in whole.bundle({}).weights.items():
        assert torch.equal(tensor, half.bundle({}).weights[name]), name


def _saved(state: object) -> io.BytesIO:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return buffer


def test_validation_changes_nothing_and_the_bundle_starts_another_task(cohort: Cohort) -> None:
    torch.manual_seed(0)
    task = OrgansTask(TINY, SETUP)
    before = {name: tensor.clone() for name, tensor in task.network.state_dict().items()}
    figures = task.validate([_batch(cohort, 0), _batch(cohort, 1)])
    assert set(figures) == {"loss", "liver_dice"} and 0 <= figures["liver_dice"] <= 1
    assert all(torch.equal(tensor, before[name]) for name, tensor in task.network.state_dict().items())
    bundle = task.bundle({})
    assert bundle.kind == KIND
    other = OrgansTask(TINY, SETUP)
    other.start_from(bundle)
    assert all(torch.equal(tensor, before[name]) for name, tensor in other.network.state_dict().items())


def test_views_must_fit_the_network() -> None:
    with pytest.raises(ConfigError, match="multiples of 8"):
        OrgansConfig(shape_zyx=(12, 16, 16))


def test_the_quick_recipe_trains_and_segments(cohort: Cohort, tmp_path: Path) -> None:
    from hepaphase.bundle.bundle import Bundle
    from hepaphase.organs.segment import segment_organs
    from hepaphase.study.geometry import Geometry
    from hepaphase.study.phase import Provenance
    from hepaphase.study.study import PhaseVolume
    from hepaphase.training.cohort import split
    from hepaphase.training.loop import Options, fit

    run = RECIPES.load("organs")().made_quick()
    fitted = fit(run, split(cohort), tmp_path / "run", options=Options(quiet=True, tensorboard=False))
    hu = np.zeros((20, 30, 32), np.float32)
    volume = PhaseVolume(hu, Geometry((20, 30, 32), (5.0, 5.0, 5.0), (1.0, 2.0, 3.0)), Provenance.MEASURED)
    masks = segment_organs(volume, Bundle.load(fitted.bundle, kind=KIND))
    assert set(masks) == {"liver", "body"} and masks["liver"].shape == hu.shape
