from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.toy_exams import aligned, toy_exam

from hepaphase.base.errors import ConfigError
from hepaphase.recipes import RECIPES
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.flow import FAMILY, Generator
from hepaphase.synthesis.image import Wanted
from hepaphase.synthesis.network import Scanned
from hepaphase.synthesis.networks.flow import FlowConfig, FlowNetwork
from hepaphase.training.task import Progress, Setup


def exam() -> tuple[Scanned, Wanted]:
    hu = torch.randn(2, 4, 16, 16, 32, generator=torch.Generator().manual_seed(0)) * 20 + 50
    scanned = Scanned(hu, torch.tensor([[True, False, True, False]] * 2), torch.tensor([[0.0, 0.0, 70.0, 0.0]] * 2))
    return scanned, Wanted(torch.tensor([1, 3]), torch.tensor([37.0, 180.0]))


def test_straight_paths_reach_the_phase_in_any_number_of_steps() -> None:
    """With the true velocity, from noise to goal, one step is as good as many."""
    scanned, wanted = exam()
    goal_hu = 33.0
    for steps in (1, 4):
        network = FlowNetwork(FlowConfig(num_steps=steps))
        base = network.seen(scanned, wanted)[2]
        start = torch.Generator().manual_seed(20)
        noise = torch.randn((2, 8, 8, 8, 16), generator=start)
        goal = torch.zeros_like(noise)
        goal[:, 0] = goal_hu / 75
        network.velocity = lambda bands, clock, views, known, v=goal - noise: v
        made = network.samples(scanned, wanted, 1)[0]
        torch.testing.assert_close(made, base + goal_hu, atol=1e-3, rtol=0)


@torch.no_grad()
def test_the_loss_is_least_for_the_true_velocity() -> None:
    scanned, wanted = exam()
    network = FlowNetwork(FlowConfig())
    truth = network.seen(scanned, wanted)[2]  # no change at all: the velocity is minus the noise
    weight = torch.ones_like(truth)
    torch.manual_seed(0)
    wrong = float(network.loss(scanned, wanted, truth, weight))
    network.velocity = lambda bands, clock, views, known: -bands / (1 - clock)[:, None, None, None, None]
    torch.manual_seed(0)
    assert wrong == pytest.approx(1.0, abs=0.1) and float(network.loss(scanned, wanted, truth, weight)) < 1e-6


def test_what_is_generated_is_the_median_of_samples_and_their_spread() -> None:
    torch.manual_seed(0)
    network = FAMILY.untrained()
    torch.nn.init.normal_(network.out.weight, std=0.1)
    scanned, wanted = exam()
    found = network.samples(scanned, wanted, 3)
    made = network.image(scanned, wanted)
    torch.testing.assert_close(made.hu, found.median(dim=0).values)
    torch.testing.assert_close(made.sd_hu, found.std(dim=0).clamp(min=0.5))
    assert not torch.equal(found[0], found[1])


def test_random_state_of_the_caller_is_left_alone() -> None:
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    Generator().generate(aligned(toy_exam(1, (16, 16, 16)), (Phase.NC,)), Phase.AP)
    assert torch.rand(1) == expected


def test_training_lowers_the_loss() -> None:
    run = RECIPES.load("flow")().made_quick()
    torch.manual_seed(0)
    task = run.build(
        replace(run.task, lr=1e-2), Setup(device=torch.device("cpu"), amp=False, num_steps=100, batch_size=2, seed=0)
    )
    scanned, wanted = exam()
    batch = {"hu": scanned.hu, "scanned": scanned.present, "given_s": scanned.time_s, "target": wanted.number,
             "target_s": wanted.time_s, "truth_hu": scanned.hu[:, 2] + 60.0,
             "liver": torch.ones(2, 16, 16, 32, dtype=torch.int32), "lesions": torch.zeros(2, 16, 16, 32)}  # fmt: skip
    losses = [task.step(batch, progress=Progress(50, 100))["loss"] for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:5])


def test_one_sample_has_no_spread() -> None:
    with pytest.raises(ConfigError, match="two samples"):
        FlowConfig(num_samples=1)
