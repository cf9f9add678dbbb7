"""GALS-CE's stage I; of the defects seen in public versions each has a test here."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.toy_exams import aligned, toy_exam, write_prepared

from hepaphase.base.errors import BundleError
from hepaphase.bundle.bundle import Bundle
from hepaphase.evaluation.metrics.ssim import ssim
from hepaphase.recipes import RECIPES
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.galsce import Generator
from hepaphase.synthesis.load import generator_of
from hepaphase.synthesis.networks.galsce import KNOTS_HU, LEVELS, Disentangler, GalsceConfig, to_hu, to_level
from hepaphase.synthesis.networks.galsce_generator import GalsceGenerator, slabs
from hepaphase.training.cohort import Cohort, open_cohort, split
from hepaphase.training.data import Batches
from hepaphase.training.loop import Options, fit
from hepaphase.training.task import Progress, Setup
from hepaphase.training.tasks.galsce_1a import pair_of, pretrain_terms
from hepaphase.training.tasks.image_samples import make_samples

QUIET = Options(quiet=True, tensorboard=False)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort")
    for seed in range(6):
        write_prepared(toy_exam(seed), folder)
    return open_cohort(folder)


def task_of(name: str):
    run = RECIPES.load(name)().made_quick()
    torch.manual_seed(0)
    return run.build(run.task, Setup(device=torch.device("cpu"), amp=False, num_steps=9, batch_size=2, seed=0))


def batch_of(cohort: Cohort, name: str = "galsce_1b"):
    samples = make_samples(cohort, RECIPES.load(name)().made_quick().task, training=True)
    return Batches(samples=samples, batch_size=2, seed=0)[0]


def test_the_intensity_map_is_theirs_and_has_an_inverse() -> None:
    hu = torch.tensor([-1000.0, -550.0, -100.0, 100.0, 300.0, 650.0, 1000.0, 3000.0])
    expected = torch.tensor([0.0, 0.1, 0.2, 0.55, 0.9, 0.95, 1.0, 1.0]) * 2 - 1
    torch.testing.assert_close(to_level(hu), expected)
    torch.testing.assert_close(to_hu(to_level(hu[:-1])), hu[:-1], atol=1e-2, rtol=0)
    assert len(KNOTS_HU) == len(LEVELS) == 4


def test_the_six_terms_vanish_for_a_perfect_disentangler_and_only_then(cohort) -> None:
    batch = batch_of(cohort)
    plain, enhanced = pair_of(batch)
    perfect = {"enhanced": enhanced, "plain": plain, "enhanced_to_plain": plain, "plain_to_enhanced": enhanced,
               "back_to_plain": plain}  # fmt: skip
    assert all(
        float(v) == 0 for v in pretrain_terms(perfect, plain, enhanced, batch["liver"], liver_weight=0.8).values()
    )
    touched = {"enhanced": {"ll"}, "plain": {"hh"}, "enhanced_to_plain": {"lh", "art"},
               "plain_to_enhanced": {"art", "art1"}, "back_to_plain": {"lhh"}}  # fmt: skip
    for path, terms in touched.items():
        wrong = {**perfect, path: perfect[path] + 0.1}
        found = pretrain_terms(wrong, plain, enhanced, batch["liver"], liver_weight=0.8)
        assert {name for name, value in found.items() if value > 0} == terms
        assert all(float(found[name]) == pytest.approx(0.1 * 1.8, rel=1e-3) for name in terms)


def test_enhancement_can_only_come_from_the_code() -> None:
    torch.manual_seed(0)
    network = Disentangler(GalsceConfig()).eval()
    plain, one, other = (torch.rand(1, 1, 8, 16, 16) for _ in range(3))
    first, second = network.paths(plain, one), network.paths(plain, other)
    assert torch.equal(first["plain"], second["plain"])
    assert not torch.equal(first["plain_to_enhanced"], second["plain_to_enhanced"])


def test_the_generator_starts_from_the_pretraining(cohort, tmp_path) -> None:
    before = task_of("galsce_1a")
    before.step(batch_of(cohort), progress=Progress(0, 9))
    bundle = Bundle.load(before.bundle({}).save(tmp_path / "pre.hepa"))
    task = task_of("galsce_1b")
    task.start_from(bundle)
    wanted = bundle.weights["encode_enhanced.stages.0.0.weight"]
    for encoder in (task.network.encoder, task.critic.encoder, task.teacher):
        torch.testing.assert_close(encoder.stages[0][0].weight, wanted)
    task.step(batch_of(cohort), progress=Progress(0, 9))
    assert torch.equal(task.teacher.stages[0][0].weight, wanted)  # the teacher is frozen
    assert not torch.equal(task.network.encoder.stages[0][0].weight, wanted)
    with pytest.raises(BundleError, match="galsce_1a"):
        task.start_from(replace(bundle, kind="organs"))
    with pytest.raises(BundleError, match="not for a generator"):
        generator_of(bundle)


def test_defect_always_the_same_patch(cohort) -> None:
    config = replace(RECIPES.load("galsce_1b")().made_quick().task, targets=("PVP",))
    training, validation = (make_samples(cohort, config, training=t) for t in (True, False))
    drawn = [training.sample(0, np.random.default_rng(k))["hu"].tobytes() for k in range(8)]
    fixed = [validation.sample(0, np.random.default_rng(k))["hu"].tobytes() for k in range(3)]
    assert len(set(drawn)) > 4 and len(set(fixed)) == 1


def test_defect_all_phases_see_a_third_of_the_patients(cohort) -> None:
    seen: dict[int, set[int]] = {}

    class Counted:
        inner = make_samples(cohort, RECIPES.load("galsce_1b")().made_quick().task, training=True)

        def __len__(self) -> int:
            return len(self.inner)

        def sample(self, index, rng):
            sample = self.inner.sample(index, rng)
            seen.setdefault(index, set()).add(int(sample["target"]))
            return sample

    batches = Batches(samples=Counted(), batch_size=2, seed=0)
    for step in range(3):
        batches[step]
    assert set(seen) == set(range(6))  # one epoch
    for step in range(3, 45):
        batches[step]
    assert all(phases == {1, 2, 3} for phases in seen.values())


def test_defect_patches_at_the_border() -> None:
    for number in (8, 9, 17, 48, 50):
        found = slabs(number)
        assert found[0] == 0 and found[-1] + 8 == number
        assert {z for first in found for z in range(first, first + 8)} == set(range(number))


def test_defect_a_crop_at_the_border_is_the_scan_itself(cohort) -> None:
    samples = make_samples(
        cohort, replace(RECIPES.load("galsce_1b")().made_quick().task, targets=("AP",)), training=True
    )
    whole = cohort.load(1).reference_hu[Phase.AP].astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(whole, (8, 16, 16))
    for k in range(20):
        truth = samples.sample(1, np.random.default_rng(k))["truth_hu"]
        where = np.argwhere(windows[..., 0, 0, :2] == truth[0, 0, :2])
        assert any(np.array_equal(windows[tuple(place[:3])], truth) for place in where)


def test_defect_the_direction_is_from_plain_to_enhanced(cohort) -> None:
    task, batch = task_of("galsce_1b"), batch_of(cohort)
    task.network.eval()
    plain, enhanced = pair_of(batch)
    number = batch["target"] - 1
    terms = task._terms(enhanced, enhanced, number, batch["liver"])
    assert float(terms["image"]) == 0 and float(terms["features"]) == 0
    assert float(task._terms(plain, enhanced, number, batch["liver"])["image"]) > 0
    other = {**batch, "truth_hu": batch["truth_hu"] + 40}
    made = [task.network(pair_of(b)[0], number) for b in (batch, other)]
    torch.testing.assert_close(*made)  # what is to be made is not looked at


def test_defect_ssim_over_a_flattened_mask() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(60, 30, (12, 20, 20))
    made = truth + rng.normal(0, 15, truth.shape)
    mask = np.zeros(truth.shape, bool)
    mask[3:9, 5:15, 5:15] = True
    order = rng.permutation(int(mask.sum()))
    mixed = [volume.copy() for volume in (made, truth)]
    for volume in mixed:
        volume[mask] = volume[mask][order]  # the same pairs of voxels, elsewhere
    assert abs(ssim(made, truth, mask) - ssim(*mixed, mask)) > 1e-3


def test_defect_only_the_scan_is_needed(cohort) -> None:
    study = aligned(toy_exam(3, (16, 24, 24)), (Phase.NC,))
    with_masks, without = (
        Generator().generate(study, Phase.PVP),
        Generator().generate(replace(study, masks={}), Phase.PVP),
    )
    np.testing.assert_array_equal(with_masks.hu, without.hu)


def test_defect_spacing_is_not_ignored(monkeypatch) -> None:
    """The same patient on a grid twice as fine is shown to the network at the spacing of training."""
    shown = []
    inner = GalsceGenerator.image
    monkeypatch.setattr(GalsceGenerator, "image", lambda self, s, w: shown.append(s.hu) or inner(self, s, w))
    exam = toy_exam(3, (16, 24, 24))
    coarse = aligned(exam, (Phase.NC,))
    fine_grid = Geometry((32, 48, 48), (2.0,) * 3, tuple(v - 1.0 for v in exam.geometry.origin_lps_mm))
    fine_hu = coarse.hu[Phase.NC].repeat(2, 0).repeat(2, 1).repeat(2, 2)
    fine = replace(coarse, geometry=fine_grid, hu={Phase.NC: fine_hu}, masks={})
    for study in (coarse, fine):
        assert Generator().generate(study, Phase.PVP).hu.shape == study.geometry.shape_zyx
    assert [tuple(hu.shape[2:]) for hu in shown] == [(16, 24, 24), (24, 32, 32)]  # 17 x 25 x 25 and padding, not 32
    liver = [float(hu[0, 0, 4:12, 8:16, 8:16].median()) for hu in shown]
    assert liver[0] == pytest.approx(liver[1], abs=3)


def test_outside_the_body_the_scan_stays() -> None:
    exam = toy_exam(3, (16, 24, 24))
    hu = exam.clean_hu[Phase.NC].copy()
    hu[:, :, :4] = -990.0
    made = Generator().generate(replace(aligned(exam, (Phase.NC,)), hu={Phase.NC: hu}), Phase.AP).hu
    np.testing.assert_array_equal(made[:, :, :4], hu[:, :, :4])
    assert np.abs(made - hu)[:, :, 6:].mean() > 1


def test_defect_the_best_weights_are_those_that_were_best(cohort, tmp_path) -> None:
    run = replace(RECIPES.load("galsce_1b")().made_quick(), num_steps=6, validate_every=2, threads=1)
    run = replace(run, task=replace(run.task, lr=0.05))
    fitted = fit(run, split(cohort), tmp_path / "run", options=QUIET)
    with (tmp_path / "run" / "metrics.csv").open() as file:
        found = {int(r[0]): float(r[3]) for r in csv.reader(file) if r[1:3] == ["validation", "liver_mae"]}
    assert set(found) == {2, 4, 6} and len(set(found.values())) == 3
    best = min(found, key=lambda step: found[step])
    assert fitted.figures["liver_mae"] == found[best]
    assert Bundle.load(fitted.bundle).card["scale"]["steps"] == best
