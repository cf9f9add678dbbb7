import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.toy_exams import aligned, toy_exam, write_prepared

from hepaphase.base.errors import ConfigError
from hepaphase.bundle.bundle import Bundle
from hepaphase.recipes.synthesis import SMALL, recipe
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.kinetic import Generator
from hepaphase.synthesis.network import KineticNetwork
from hepaphase.training.cohort import open_cohort, split
from hepaphase.training.loop import Options, fit
from hepaphase.training.optim import num_parameters
from hepaphase.training.tasks.synthesis import SynthesisConfig
from hepaphase.training.tasks.synthesis_samples import make_samples


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("toys")
    for seed in range(4):
        write_prepared(toy_exam(seed), folder)
    write_prepared(toy_exam(4), folder, phases=(Phase.NC, Phase.PVP))
    return open_cohort(folder)


def test_a_quick_run_gives_a_bundle_that_completes_a_study(cohort, tmp_path) -> None:
    fitted = fit(recipe().made_quick(), split(cohort), tmp_path / "run", options=Options(quiet=True, tensorboard=False))
    assert fitted.figures["liver_mae"] > 0 and fitted.figures["carry_liver_mae"] > 0
    bundle = Bundle.load(fitted.bundle, kind="synthesis")
    generator = Generator.from_bundle(bundle)
    study = aligned(toy_exam(9), (Phase.PVP,))
    made = generator.generate(study, Phase.AP)
    assert np.isfinite(made.hu).all()
    assert generator.network.trained_s[1, 0] > 50  # portal venous scans began after this


def test_the_shipped_size_fits_four_megabytes() -> None:
    network = KineticNetwork(SMALL)
    num_bytes = sum(2 if t.is_floating_point() else t.element_size() for t in []) + sum(
        t.numel() * (2 if t.is_floating_point() else t.element_size()) for t in network.state_dict().values()
    )
    assert num_bytes < 3.95e6 and num_parameters([network]) > 1e6


def test_samples_are_what_was_asked(cohort) -> None:
    config = SynthesisConfig(crop_zyx=(16, 16, 24), num_voxels=300)
    samples = make_samples(cohort, config, training=True)
    seen = set()
    for k in range(40):
        sample = samples.sample(k % 5, np.random.default_rng(k))
        assert sample["scanned"].any() and not (sample["scanned"] & ~sample["known"]).any()
        assert sample["hu"].shape == (4, 16, 16, 24) and sample["truth_hu"].shape == (300, 4)
        flat = sample["hu"].reshape(4, -1)[:, sample["voxels"]].T
        assert np.abs(flat - sample["truth_hu"])[:, sample["known"]].mean() < 8  # the noise of 5 HU
        seen.add(tuple(sample["scanned"].tolist()))
    assert len(seen) > 8


def test_a_sample_is_a_function_of_its_random_stream(cohort) -> None:
    samples = make_samples(cohort, SynthesisConfig(crop_zyx=(16, 16, 24), num_voxels=30), training=True)
    one, two = (samples.sample(1, np.random.default_rng(7)) for _ in range(2))
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_validation_volumes_are_padded_to_one_size(cohort) -> None:
    samples = make_samples(cohort, SynthesisConfig(validation_crop_zyx=(32, 24, 48)), training=False)
    sample = samples.sample(4, np.random.default_rng(0))
    assert sample["hu"].shape == (4, 32, 24, 48) and sample["liver"].shape == (32, 24, 48)
    assert sample["known"].tolist() == [True, False, True, False]


def test_impossible_crops_are_refused() -> None:
    with pytest.raises(ConfigError, match="multiples of 8"):
        SynthesisConfig(crop_zyx=(30, 32, 32))
    with pytest.raises(ConfigError, match="num_voxels"):
        SynthesisConfig(num_voxels=0)


@pytest.mark.slow
def test_training_beats_carrying_over(tmp_path) -> None:
    folder = tmp_path / "cohort"
    folder.mkdir()
    for seed in range(12):
        write_prepared(toy_exam(seed), folder)
    run = recipe()
    task = replace(run.task, network=replace(SMALL, channels=(16, 16, 16), num_fine=8), warmup_steps=10)
    task = replace(task, crop_zyx=(24, 32, 40), validation_crop_zyx=(24, 32, 40), num_voxels=2048)
    run = replace(run, task=task, num_steps=60, batch_size=2, validate_every=60, threads=0)
    with torch.random.fork_rng():
        fitted = fit(run, split(open_cohort(folder)), tmp_path / "run", options=Options(quiet=True, tensorboard=False))
    assert fitted.figures["liver_mae"] < 0.5 * fitted.figures["carry_liver_mae"]


def test_what_is_known_is_told_wholly_in_part_or_not_at_all(tmp_path) -> None:
    exam = replace(toy_exam(5), case="told")
    path = write_prepared(exam, tmp_path)
    path = path if path is not None else next(tmp_path.glob("*.npz"))
    fields = dict(np.load(path).items())
    record = {"patient": {"height_cm": 170.0, "weight_kg": 66.0}, "kvp": 100.0}
    np.savez_compressed(path, **{**fields, "exam": np.array(json.dumps(record))})
    config = SynthesisConfig(crop_zyx=(16, 16, 16), num_voxels=10)
    samples = make_samples(open_cohort(tmp_path), config, training=True)
    told = [samples.sample(0, np.random.default_rng(k))["facts"] for k in range(40)]
    num_known = {int((facts[-11:] == 1).sum()) for facts in told}
    whole = make_samples(open_cohort(tmp_path), config, training=False).sample(0, np.random.default_rng(0))["facts"]
    assert 0 in num_known and int(whole[-11:].sum()) == max(num_known) >= 4 and len(num_known) > 2
