"""GALS-CE's classifier is trained in three stages, from patients of the task alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hepaphase.base.errors import ConfigError
from hepaphase.recipes.galsce import TINY
from hepaphase.training.cohort import open_cohort
from hepaphase.training.data import Batches
from hepaphase.training.liver_boxes import LiverBoxes, seen_lesions
from hepaphase.training.task import Progress, Setup
from hepaphase.training.tasks.galsce import GalsceTask, GalsceTaskConfig, stage_of

from ..lesion_cohort import write_lesion_cohort

SETUP = Setup(device=torch.device("cpu"), amp=False, num_steps=10, batch_size=3, seed=0)
CLASSES = replace(TINY, network=replace(TINY.network, scheme="classes"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lesion_cohort(tmp_path_factory.mktemp("cohort"))


def test_patients_of_the_task_and_their_labels(folder: Path) -> None:
    ours, all_of_them = (LiverBoxes(open_cohort(folder), config, training=False) for config in (TINY, CLASSES))
    assert (len(ours), len(all_of_them)) == (5, 6)  # one patient has no lesion
    sample = ours.sample(0, np.random.default_rng(0))
    assert sample["x"].shape == (4, 2, 16, 16, 16) and sample["labels"].tolist() == [1, -1, 0]
    assert sample["counts_first"].tolist() == [0, 4, 1]
    assert [lesion.lesion_class for lesion in seen_lesions(open_cohort(folder).load(1))] == ["hcc", "cyst"]


def test_origins_come_from_the_prepared_case(folder: Path, tmp_path: Path) -> None:
    with np.load(open_cohort(folder).files[0]) as file:
        fields = dict(file.items())
    fields |= {"lesion_classes": np.array(["metastasis"]), "lesion_origins": np.array(["lung"])}
    np.savez(tmp_path / "case.npz", **fields)
    boxes = LiverBoxes(open_cohort(tmp_path), TINY, training=False)
    assert boxes.sample(0, np.random.default_rng(0))["labels"].tolist() == [0, 4, 6]


def test_each_stage_changes_its_own_part(folder: Path) -> None:
    torch.manual_seed(0)
    task = GalsceTask(CLASSES, SETUP)
    batches = Batches(samples=LiverBoxes(open_cohort(folder), CLASSES, training=True), batch_size=3, seed=0)
    for step, part in ((0, "first"), (4, "second"), (8, "fuse")):
        before = {name: value.clone() for name, value in task.state_dict()["network"].items()}
        figures = task.step(batches[step], progress=Progress(step, 10))
        changed = {n.split(".")[0] for n, v in task.state_dict()["network"].items() if not torch.equal(v, before[n])}
        assert changed == {part} and figures["loss"] >= CLASSES.flooding
    figures = task.validate([batches[0], batches[1]])
    assert set(figures) == {"first_accuracy", "second_accuracy", "outputs_accuracy"}
    assert task.bundle({}).classes[-1] == "none"


def test_it_learns_the_first_question(folder: Path) -> None:
    torch.manual_seed(0)
    config = replace(CLASSES, lr=2e-2, flooding=0.0, expert_share=0.49)
    task = GalsceTask(config, SETUP)
    batches = Batches(samples=LiverBoxes(open_cohort(folder), config, training=True), batch_size=6, seed=0)
    losses = [task.step(batches[s], progress=Progress(s, 62))["first_loss"] for s in range(16)]
    assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:4])


def test_stages_follow_one_another_and_start_afresh() -> None:
    assert [stage_of(f, 0.4)[0] for f in (0.0, 0.39, 0.4, 0.79, 0.8, 0.99)] == [
        "first", "first", "second", "second", "outputs", "outputs",
    ]  # fmt: skip
    assert [round(stage_of(f, 0.4)[1], 6) for f in (0.0, 0.2, 0.6, 0.9)] == [0.0, 0.5, 0.5, 0.5]
    with pytest.raises(ConfigError, match="expert_share"):
        GalsceTaskConfig(expert_share=0.5)
