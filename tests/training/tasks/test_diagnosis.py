import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from hepaphase.base.errors import ConfigError
from hepaphase.bundle.bundle import Bundle
from hepaphase.diagnosis.contrastive import ContrastConfig
from hepaphase.diagnosis.diagnose import Reader
from hepaphase.diagnosis.postprocess import ReadConfig
from hepaphase.recipes.reader import TINY, recipe
from hepaphase.study.lesions import METASTASIS_ORIGINS
from hepaphase.training.cohort import open_cohort, split
from hepaphase.training.data import Batches
from hepaphase.training.loop import Options, fit
from hepaphase.training.patches import PatchConfig
from hepaphase.training.task import Progress, Setup
from hepaphase.training.tasks.diagnosis import DiagnosisConfig, DiagnosisTask, found_lesions, scan_of, targets_of

from ...diagnosis.tiny import aligned
from ..lesion_cohort import write_lesion_cohort

SETUP = Setup(device=torch.device("cpu"), amp=False, num_steps=60, batch_size=4, seed=0)
QUIET = Options(quiet=True, tensorboard=False)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def batches(tmp_path: Path) -> Batches:
    run = recipe().made_quick()
    cohort = open_cohort(write_lesion_cohort(tmp_path / "cohort"))
    return Batches(samples=run.samples(cohort, run.task, training=True), batch_size=4, seed=0)


def test_it_learns(batches: Batches) -> None:
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, lr=1e-2, bfloat16=False)
    task = DiagnosisTask(config, SETUP)
    losses = [task.step(batches[s], progress=Progress(s, 24))["loss"] for s in range(24)]
    assert sum(losses[-6:]) < 0.85 * sum(losses[:6])
    figures = task.validate(batches[s] for s in range(2))
    assert figures["loss"] > 0 and 0 <= figures["named"] <= figures["lesion_recall"] <= 1


def test_the_quick_run_leaves_a_bundle_that_reads(tmp_path: Path) -> None:
    run = dataclasses.replace(recipe().made_quick(), num_steps=2, threads=0)
    data = split(open_cohort(write_lesion_cohort(tmp_path / "cohort")))
    fitted = fit(run, data, tmp_path / "out", options=QUIET)
    bundle = Bundle.load(fitted.bundle, kind="diagnosis")
    assert Reader.from_bundle(bundle).config == TINY.network
    other = DiagnosisTask(TINY, SETUP)
    other.start_from(bundle)
    assert set(other.bundle({}).weights) == set(bundle.weights)


def test_state_goes_out_and_in(batches: Batches) -> None:
    config = dataclasses.replace(TINY, bfloat16=False)
    tasks = []
    for start in (0, 1):
        torch.manual_seed(start)
        tasks.append(DiagnosisTask(config, SETUP))
    tasks[0].step(batches[0], progress=Progress(0, 60))
    tasks[1].load_state_dict(tasks[0].state_dict())
    one, two = (task.step(batches[1], progress=Progress(1, 60)) for task in tasks)
    assert one == two


def test_a_lesion_is_found_when_half_of_it_is_marked(batches: Batches) -> None:
    batch = next(b for b in (batches[s] for s in range(20)) if (b["classes"] >= 0).sum() >= 2)
    targets = targets_of(batch)
    network = DiagnosisTask(dataclasses.replace(TINY, bfloat16=False), SETUP)._network
    with torch.no_grad():
        prediction = network(scan_of(batch))
    prediction.voxel_logits[:] = -9.0
    prediction.voxel_logits[:, -1] = 9.0
    read = ReadConfig(voxel_share=1.0)
    assert not any(seen for seen, _ in found_lesions(prediction, targets, read))
    for row, labels, classes in zip(prediction.voxel_logits, targets.labels, targets.classes, strict=True):
        for k, key in enumerate(classes):
            row[int(key)][labels == k + 1] = 20.0
    assert all(seen and right for seen, right in found_lesions(prediction, targets, read))


VARIANTS = {
    "voxels alone": {"num_queries": 0},
    "queries alone": {"semantic_branch": False, "fusion": "stack"},
    "plan": {"num_anchors": 3, "num_memory": 4, "fusion": "stack"},
    "moments": {"fusion": "moments"},
    "convlstm": {"fusion": "convlstm"},
    "own operators": {"shared_operator": False},
    "facts": {"clinical_tokens": True},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_rival_trains_and_is_read(name: str, batches: Batches) -> None:
    torch.manual_seed(0)
    network = dataclasses.replace(TINY.network, **VARIANTS[name])
    task = DiagnosisTask(dataclasses.replace(TINY, network=network, bfloat16=False), SETUP)
    batch = next(b for b in (batches[s] for s in range(20)) if b["present"].any(0).all())
    figures = task.step(batch, progress=Progress(0, 60))
    assert figures["gradient_norm"] > 0
    assert ("patient" in figures) == ("consistency" in figures) == (name == "plan")
    still = {n for n, p in task._network.named_parameters() if p.grad is None or not p.grad.any()}
    unused = "voxel_heads.features" if name == "voxels alone" else "operators"
    assert [n for n in still if unused not in n and "anchors.project" not in n and "clinical" not in n] == []
    reader = Reader.from_bundle(task.bundle({}))
    study = aligned(shape=(16, 16, 16))
    assert reader.diagnose(study).semantic.shape == (9, 16, 16, 16)


def test_origins_are_learned_from_cases_that_know_them(tmp_path: Path) -> None:
    folder = write_lesion_cohort(tmp_path / "cohort")
    for path in open_cohort(folder).files:
        with np.load(path) as file:
            fields = dict(file.items())
        count = len(fields["lesion_ids"])
        fields["lesion_classes"] = np.array(["metastasis"] * count, dtype=str)
        fields["lesion_origins"] = np.array(["lung", "", "net"][:count], dtype=str)
        np.savez(path, **fields, clinical='{"sex": "F", "age": 50, "hbv": true}')
    network = dataclasses.replace(TINY.network, num_origins=len(METASTASIS_ORIGINS), clinical_tokens=True)
    patch = dataclasses.replace(TINY.patch, hide_facts=0.5)
    config = dataclasses.replace(TINY, network=network, patch=patch, bfloat16=False)
    samples = recipe().samples(open_cohort(folder), config, training=True)
    made = Batches(samples=samples, batch_size=4, seed=0)
    batch = made[0]
    lung = METASTASIS_ORIGINS.index("lung")
    assert set(batch["origins"].unique().tolist()) <= {-1, lung, METASTASIS_ORIGINS.index("net")}
    assert (batch["origins"] == lung).any() and (batch["clinical"] == 0).any() and (batch["clinical"] != 0).any()
    torch.manual_seed(0)
    figures = DiagnosisTask(config, SETUP).step(batch, progress=Progress(0, 60))
    assert 0 < figures["origin"] < 5


def test_the_contrastive_loss_joins_the_others_and_fills_its_bank(batches: Batches) -> None:
    config = dataclasses.replace(TINY, bfloat16=False)
    contrast = ContrastConfig(weight=0.01, bank=32)
    plain, task = (DiagnosisTask(c, SETUP) for c in (config, replace_loss(config, contrast)))
    figures = task.step(batches[0], progress=Progress(0, 60))
    num_lesions = int((batches[0]["classes"] >= 0).sum())
    assert task._bank is not None and len(task._bank.held()[1]) == num_lesions
    assert figures["contrast"] != 0
    assert set(plain.state_dict()) == {"network", "optimizer", "precision", "ema"}
    assert set(task.bundle({}).weights) == set(plain.bundle({}).weights)


def replace_loss(config: DiagnosisConfig, contrast: ContrastConfig) -> DiagnosisConfig:
    return dataclasses.replace(config, loss=dataclasses.replace(config.loss, contrast=contrast))


def test_minimising_sharpness_takes_the_gradient_of_the_worst_place_nearby(batches: Batches) -> None:
    tasks = []
    for radius in (0.0, 0.5):
        torch.manual_seed(0)
        tasks.append(DiagnosisTask(dataclasses.replace(TINY, sharpness=radius, bfloat16=False), SETUP))
    plain, sharp = (t.step(batches[0], progress=Progress(0, 60)) for t in tasks)
    assert plain["loss"] == sharp["loss"]  # what is logged is the loss where the weights are
    assert plain["gradient_norm"] != sharp["gradient_norm"]
    torch.manual_seed(0)
    hand = DiagnosisTask(dataclasses.replace(TINY, bfloat16=False), SETUP)
    hand._terms(batches[0], Progress(0, 60))[0]["loss"].backward()
    weights = [p for p in hand._network.parameters() if p.grad is not None]
    norm = torch.stack([p.grad.norm() for p in weights]).norm()
    with torch.no_grad():
        for p in weights:
            p.add_(p.grad, alpha=0.5 / float(norm))
    hand._network.zero_grad()
    hand._terms(batches[0], Progress(0, 60))[0]["loss"].backward()
    assert float(torch.stack([p.grad.norm() for p in weights]).norm()) == pytest.approx(
        sharp["gradient_norm"], rel=1e-4
    )


def test_patches_that_do_not_fit_the_network_are_refused() -> None:
    with pytest.raises(ConfigError, match="multiples of 8"):
        DiagnosisConfig(patch=PatchConfig(shape_zyx=(20, 32, 32)))
