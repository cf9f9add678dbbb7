from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.toy_exams import toy_exam, write_prepared

from hepaphase.base.errors import ConfigError
from hepaphase.recipes import RECIPES
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import Cohort, open_cohort
from hepaphase.training.data import Batches
from hepaphase.training.run import Run
from hepaphase.training.task import Progress, Setup
from hepaphase.training.tasks.image_samples import make_samples


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort")
    for seed in range(4):
        write_prepared(toy_exam(seed), folder)
    return open_cohort(folder)


def started(name: str, cohort: Cohort, **changes: object):
    run: Run = RECIPES.load(name)().made_quick()
    run = replace(run, task=replace(run.task, **changes))
    torch.manual_seed(0)
    task = run.build(run.task, Setup(device=torch.device("cpu"), amp=False, num_steps=9, batch_size=2, seed=0))
    samples = make_samples(cohort, run.task, training=True)
    return task, Batches(samples=samples, batch_size=2, seed=0)


def test_the_phase_wanted_is_never_shown(cohort) -> None:
    config = RECIPES.load("unet")().made_quick().task
    samples = make_samples(cohort, config, training=True)
    seen = set()
    for k in range(60):
        sample = samples.sample(k % 4, np.random.default_rng(k))
        shown = sample["scanned"]
        assert shown.any() and not shown[sample["target"]]
        assert not sample["hu"][~shown].any() and not sample["given_s"][~shown].any()
        seen.add((tuple(shown.tolist()), int(sample["target"])))
    assert len(seen) > 15  # of 28


def test_inputs_and_targets_are_kept_to(cohort) -> None:
    config = replace(RECIPES.load("unet")().made_quick().task, inputs=("NC",), targets=("AP", "DP"))
    samples = make_samples(cohort, config, training=True)
    drawn = [samples.sample(k % 4, np.random.default_rng(k)) for k in range(20)]
    assert {tuple(s["scanned"].tolist()) for s in drawn} == {(True, False, False, False)}
    assert {int(s["target"]) for s in drawn} == {1, 3}


def test_a_case_that_lacks_the_inputs_is_named(tmp_path) -> None:
    write_prepared(toy_exam(0), tmp_path, phases=(Phase.PVP, Phase.DP))
    config = replace(RECIPES.load("unet")().made_quick().task, inputs=("NC",), targets=("DP",))
    with pytest.raises(ConfigError, match="'toy-000' has PVP, DP; training needs NC"):
        make_samples(open_cohort(tmp_path), config, training=True).sample(0, np.random.default_rng(0))


def test_the_critic_is_taught_apart_from_the_generator(cohort) -> None:
    task, batches = started("pix2pix", cohort)
    before = {name: p.detach().clone() for name, p in task.critic.network.named_parameters()}
    figures = task.step(batches[0], progress=Progress(0, 9))
    assert figures["critic"] > 0 and figures["fooled"] > 0
    assert all(not torch.equal(before[n], p) for n, p in task.critic.network.named_parameters())
    after = {name: p.detach().clone() for name, p in task.critic.network.named_parameters()}
    task._losses(task.network.image(*_asked(batches[1])), batches[1], *_asked(batches[1]))["loss"].backward()
    assert all(torch.equal(after[n], p) for n, p in task.critic.network.named_parameters())
    assert {"critic", "critic_optimizer"} < task.state_dict().keys()


def _asked(batch):
    from hepaphase.training.tasks.image import _asked as asked

    return asked(batch)


@pytest.mark.parametrize("name", ["unet", "nnunet", "pix2pix"])
def test_training_lowers_the_error(name, cohort) -> None:
    lr = {"unet": 1e-2, "nnunet": 1e-2, "pix2pix": 1e-2}[name]
    task, batches = started(name, cohort, lr=lr, likelihood=0.0)
    first = [task.step(batches[0], progress=Progress(0, 100))["error"] for _ in range(25)]
    assert min(first[-3:]) < 0.8 * first[0]


def test_physics_is_a_term_of_the_loss_where_it_is_asked(cohort) -> None:
    """A network that starts by carrying the non-contrast phase over shows a liver that contrast never reached."""
    losses = []
    for weight in (0.0, 2.0):
        task, batches = started("unet", cohort, inputs=("NC",), targets=("PVP",), physics=weight)
        losses.append(task.step(batches[0], progress=Progress(0, 9)))
    assert "physics" not in losses[0] and losses[1]["physics"] * 75 == pytest.approx(35, abs=2)  # M4: 35 HU or more
    assert losses[1]["loss"] == pytest.approx(losses[0]["loss"] + 2 * losses[1]["physics"], rel=1e-5)


@pytest.mark.parametrize("name", ["unet", "pix2pix"])
def test_half_precision_says_nearly_the_same(name, cohort) -> None:
    figures = []
    for half in (False, True):
        task, batches = started(name, cohort, bfloat16=half)
        figures.append([task.step(batches[0], progress=Progress(k, 9)) for k in range(3)][-1])  # it starts at zero
    assert figures[0] != figures[1]
    assert figures[1] == pytest.approx(figures[0], rel=0.05)  # how sums are split over threads shifts it by 2 %


def test_per_tissue_lines_find_the_line(cohort) -> None:
    task, batches = started("tissues", cohort)
    batch = dict(batches[0])
    batch["scanned"] = torch.tensor([[True, False, False, False]] * 2)
    batch["hu"] = batch["hu"] * 0
    batch["hu"][:, 0] = torch.linspace(52, 58, batch["hu"].shape[-1])
    batch["target"] = torch.tensor([2, 2])
    batch["truth_hu"] = 2 * batch["hu"][:, 0] - 10
    for step in range(4):
        task.step(batch, progress=Progress(step, 9))
    slopes, sd = task._solve()
    inside = task._sums["voxels"][0, 2] > 100
    assert inside.any() and float(sd[0, 2][inside].max()) < 1.5
    assert float(slopes[0, 1].std()) > 0  # targets never seen are carried


def test_an_earlier_training_of_lines_is_refused(cohort) -> None:
    task, _ = started("tissues", cohort)
    with pytest.raises(ConfigError, match="without --from"):
        task.start_from(task.bundle({}))
