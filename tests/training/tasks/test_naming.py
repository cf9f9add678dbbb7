from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.diagnosis.tiny import tiny_bundle

from hepaphase.base.errors import ConfigError
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.diagnosis.checking import network_of
from hepaphase.diagnosis.diagnose import Reader
from hepaphase.diagnosis.members import MembersConfig
from hepaphase.training.cohort import open_cohort
from hepaphase.training.data import stack
from hepaphase.training.mask_errors import MaskErrors
from hepaphase.training.patches import PatchConfig
from hepaphase.training.task import Batch, Progress, Setup
from hepaphase.training.tasks.naming import NamingConfig, NamingTask, padded, true_classes
from hepaphase.training.whole_cases import WholeCases

from ..lesion_cohort import write_lesion_cohort

SETUP = Setup(device=torch.device("cpu"), amp=False, num_steps=12, batch_size=2, seed=5)
SMALL = MembersConfig(hidden=8, num_members=2, dropout=0.0)
TINY = NamingConfig(namer=SMALL, checker=SMALL, num_drawn=8, bfloat16=False)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> WholeCases:
    folder = write_lesion_cohort(tmp_path_factory.mktemp("naming") / "cohort")
    return WholeCases(open_cohort(folder), TINY, training=True)


def batch_of(samples: WholeCases, step: int) -> Batch:
    rng = np.random.default_rng(step)
    return stack([samples.sample(index % len(samples), rng) for index in (step, step + 1)])


def task() -> NamingTask:
    """On the reader that ships: an untrained one finds no lesions."""
    torch.manual_seed(2)
    return NamingTask(TINY, SETUP)


def test_every_case_is_shown(samples: WholeCases) -> None:
    assert len(samples) == 6
    one = samples.sample(1, np.random.default_rng(0))
    assert one["hu"].shape == (4, 20, 28, 36) and one["hu"].dtype == np.float32
    assert sorted(set(np.unique(one["labels"]))) == [0, 1, 2]
    assert (one["classes"] >= 0).sum() == 2
    assert not one["hu"][~one["present"]].any()


def test_the_mask_is_drawn_wrong_in_training_alone(tmp_path: Path) -> None:
    cohort = open_cohort(write_lesion_cohort(tmp_path / "cohort"))
    wrong = replace(TINY, patch=PatchConfig(mask_errors=MaskErrors(share=1.0)))
    right, moved = (WholeCases(cohort, config, training=True) for config in (TINY, wrong))
    inside, other = (one.sample(1, np.random.default_rng(0))["inside"] for one in (right, moved))
    assert not np.array_equal(inside, other)
    labels = moved.sample(1, np.random.default_rng(0))["labels"]
    assert other[(labels > 0) & inside].all(), "lesions stay inside"
    validated = WholeCases(cohort, wrong, training=False).sample(1, np.random.default_rng(0))["inside"]
    assert np.array_equal(validated, inside)


def test_what_was_found_is_remembered_and_the_reader_left_alone(samples: WholeCases) -> None:
    made, plain = task(), network_of(Bundle.load(shipped("diagnosis")))
    seen = [made.step(batch_of(samples, step), progress=Progress(step, 12))["remembered"] for step in range(4)]
    assert seen == sorted(seen) and seen[-1] > 0
    named = made.bundle({"title": "x"})
    assert all(torch.equal(network_of(named).weights[name], value) for name, value in plain.weights.items())
    reader = Reader.from_bundle(named)
    assert reader.namer is not None and reader.checker is not None
    assert reader.read.candidate_drop == TINY.candidate_drop
    figures = made.validate([batch_of(samples, 9)])
    assert figures["loss"] > figures["checking"] > 0 and 0 <= figures["named"] <= 1 and 0 <= figures["checked"] <= 1


def test_it_learns_the_classes_of_what_it_remembers(samples: WholeCases) -> None:
    made = task()
    losses = [made.step(batch_of(samples, step % 5), progress=Progress(step, 120))["loss"] for step in range(60)]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])


def test_state_goes_out_and_in(samples: WholeCases) -> None:
    one = task()
    one.step(batch_of(samples, 0), progress=Progress(0, 12))
    torch.manual_seed(9)
    two = NamingTask(TINY, SETUP)
    two.load_state_dict(one.state_dict())
    figures = []
    for made in (one, two):
        torch.manual_seed(3)
        figures.append(made.step(batch_of(samples, 1), progress=Progress(1, 12)))
    assert figures[0] == figures[1]


def test_a_finding_has_the_class_of_what_it_lies_in() -> None:
    truth = np.zeros((4, 5, 12), np.int64)
    truth[:, :, :3], truth[:, :, 3:5] = 1, 2
    found = np.zeros(truth.shape, np.uint16)
    found[:, :, :4], found[:, :, 6:8], found[:, :, 9:] = 1, 2, 3
    truth[0, 0, 9] = 1
    share, classes = true_classes(found, truth, np.array([4, 6, -1]))
    assert classes.tolist() == [4, -1, -1]
    assert share[0] >= 0.2 and (share[1:] < 0.2).all()
    assert true_classes(np.zeros_like(found), truth, np.array([4, 6]))[1].tolist() == []


def test_padding_is_air_where_there_is_a_phase(samples: WholeCases) -> None:
    batch = batch_of(samples, 0)
    wide = padded(batch, 16)
    assert wide["hu"].shape[2:] == (32, 32, 48) and wide["liver"].shape[1:] == (32, 32, 48)
    assert torch.equal(wide["hu"][:, :, :20, :28, :36], batch["hu"])
    outside = wide["hu"][:, :, 20:].amax(dim=(2, 3, 4))
    assert torch.equal(outside == -1000, batch["present"]) and not wide["liver"][:, 20:].any()


def test_another_reader_is_taken_when_given() -> None:
    made, other = task(), tiny_bundle()
    made.start_from(other)
    assert set(network_of(made.bundle({})).weights) == set(other.weights)


def test_rates_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="num_drawn"):
        NamingConfig(num_drawn=0)
