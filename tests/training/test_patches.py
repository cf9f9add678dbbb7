from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.training.cohort import Cohort, open_cohort, read_prepared
from hepaphase.training.patches import CLASS_INDEX, LesionPatches, PatchConfig, Wanted, balanced, cut, one_each, place

from .lesion_cohort import SHAPE, write_case, write_lesion_cohort


@dataclass(frozen=True)
class Config:
    patch: PatchConfig


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    return open_cohort(write_lesion_cohort(tmp_path / "cohort"))


def samples(cohort: Cohort, *, training: bool = True, **settings: object) -> LesionPatches:
    settings = {"shape_zyx": (12, 16, 16), **settings}
    return LesionPatches(cohort, Config(PatchConfig(**settings)), training=training)


def test_a_sample_is_what_it_says_and_can_be_made_again(cohort: Cohort) -> None:
    source = samples(cohort)
    for index in range(len(source)):
        one, two = (source.sample(index, np.random.default_rng(index)) for _ in range(2))
        assert all(np.array_equal(one[name], two[name]) for name in one)
        assert one["hu"].shape == (4, 12, 16, 16) and one["hu"].dtype == np.float32
        assert one["present"].any() and not one["hu"][~one["present"]].any()
        count = int(one["labels"].max())
        assert (one["classes"][:count] >= 0).all() and (one["classes"][count:] == -1).all()
        assert set(np.unique(one["labels"])) == set(range(count + 1)) or count == 0


def test_examples_are_the_same_when_no_case_fits_in_memory(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(PatchConfig(shape_zyx=(12, 16, 16)))
    reads: list[Path] = []
    monkeypatch.setattr("hepaphase.training.cohort.read_prepared", lambda p: (reads.append(p), read_prepared(p))[1])
    kept, bare = (LesionPatches(cohort, config, training=True, most_bytes=room) for room in (1 << 30, 0))
    assert not reads  # classes are known without the volumes
    for index in [*range(len(kept))] * 2:
        one, two = (source.sample(index, np.random.default_rng(index)) for source in (kept, bare))
        assert all(np.array_equal(one[name], two[name]) for name in one)
    assert len(reads) == len(cohort) + 2 * len(kept)


def test_lesions_keep_their_class_under_flips(cohort: Cohort) -> None:
    """The cyst is the dark one in every phase: follow it through placing, flipping and noise."""
    source = samples(cohort, lesion_share=1.0)
    seen = 0
    for seed in range(20):
        out = source.sample(1, np.random.default_rng(seed))
        for label, key in enumerate(out["classes"][out["classes"] >= 0], start=1):
            mean = out["hu"][out["present"]][:, out["labels"] == label].mean()
            assert (key == CLASS_INDEX["cyst"]) == (mean < 30)
            seen += 1
    assert seen >= 20


def test_patches_hold_a_lesion_when_asked_to(cohort: Cohort) -> None:
    source = samples(cohort, lesion_share=1.0, min_voxels=1)
    assert all((source.sample(3, np.random.default_rng(s))["labels"] > 0).any() for s in range(10))


def test_small_pieces_are_ignored_rather_than_called_background(cohort: Cohort) -> None:
    out = samples(cohort, training=False, min_voxels=10_000).sample(0, np.random.default_rng(0))
    assert not out["labels"].any() and (out["classes"] == -1).all() and out["ignore"].sum() > 10


def test_validation_shows_every_phase_as_it_is(cohort: Cohort) -> None:
    out = samples(cohort, training=False).sample(2, np.random.default_rng(0))
    assert out["present"].all()
    assert np.array_equal(out["hu"], np.rint(out["hu"]))


def test_the_livers_level_follows_the_change(cohort: Cohort) -> None:
    """Liver minus its level stays what it was, whatever gain and shift were drawn."""
    source = samples(cohort, lesion_share=0.0)
    for seed in range(5):
        out = source.sample(0, np.random.default_rng(seed))
        rest = out["liver"] & (np.abs(out["hu"][out["present"]][0] - out["liver_hu"][out["present"]][0]) < 40)
        for volume, level in zip(out["hu"][out["present"]], out["liver_hu"][out["present"]], strict=True):
            assert abs(np.median(volume[rest]) - level) < 5


def test_patches_stay_inside_whatever_the_draw(cohort: Cohort) -> None:
    case, config = cohort.load(5), PatchConfig(shape_zyx=(12, 16, 16))
    for seed in range(50):
        corner = place(case, (None, "hcc")[seed % 2], config, np.random.default_rng(seed))
        assert all(0 <= c <= s - p for c, s, p in zip(corner, SHAPE, config.shape_zyx, strict=True))


def test_cases_smaller_than_the_patch_are_padded(cohort: Cohort) -> None:
    out = samples(cohort, training=False, shape_zyx=(32, 32, 48)).sample(1, np.random.default_rng(0))
    assert out["hu"].shape == (4, 32, 32, 48)
    assert (out["hu"][:, 20:] == -1000).all() and not out["liver"][24:].any()
    assert cut(np.ones((2, 2, 2)), (0, 0, 0), (2, 3, 2), 7)[0, 2, 0] == 7


def test_every_class_comes_up_as_often_as_the_commonest() -> None:
    held = [{"hcc"}, {"hcc", "cyst"}, {"hcc"}, {"icc"}, set()]
    order = balanced(held, 0.9)
    assert [sum(w.key == key for w in order) for key in ("hcc", "cyst", "icc", None)] == [3, 3, 3, 1]
    assert {w.number for w in order if w.key == "hcc"} == {0, 1, 2} and Wanted(4, None) in order
    assert balanced(held, 0.0) == [Wanted(4, None)] and balanced([{"hcc"}], 0.5)[1] == Wanted(0, None)
    assert one_each(held)[3:] == [Wanted(3, "icc"), Wanted(4, None)]


def test_real_cases_without_a_noise_free_volume_work(tmp_path: Path) -> None:
    write_case(tmp_path, 0, ("hcc",), clean=False)
    out = samples(open_cohort(tmp_path)).sample(0, np.random.default_rng(0))
    assert np.isfinite(out["hu"]).all()


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError):
        PatchConfig(lesion_share=1.2)
