import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.study.phase import Phase
from hepaphase.training.augment import Augmentation, Change

PLAIN = {"gain": 1.0, "noise_factor": 1.0, "noise_roll": (0, 0, 0), "noise_hu": 0.0, "noise_seed": 0}


def volume(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(50, 20, (6, 8, 10)).astype(np.float32)


def test_the_same_draw_gives_the_same_example() -> None:
    hu = {Phase.NC: volume(0), Phase.PVP: volume(1)}
    one, two = (Augmentation().draw(np.random.default_rng(5)) for _ in range(2))
    assert one == two
    for phase in hu:
        assert np.array_equal(one.hu(hu, {})[phase], two.hu(hu, {})[phase])


def test_shift_and_gain_per_phase() -> None:
    change = Change(**{**PLAIN, "gain": 1.1}, shift_hu=(1.0, 2.0, 3.0, 4.0), flips=())
    out = change.hu({Phase.AP: volume(0)}, {})
    np.testing.assert_allclose(out[Phase.AP], volume(0) * 1.1 + 2, rtol=1e-5)


def test_noise_is_moved_and_scaled_but_what_is_true_stays() -> None:
    clean = np.full((6, 8, 10), 40.0, np.float32)
    noise = volume(0) - 50
    moved = {**PLAIN, "noise_factor": 2.0, "noise_roll": (1, 2, 3)}
    out = Change(**moved, shift_hu=(0.0,) * 4, flips=()).hu({Phase.NC: clean + noise}, {Phase.NC: clean})[Phase.NC]
    np.testing.assert_allclose(out - 40, 2 * np.roll(noise, (1, 2, 3), (0, 1, 2)), atol=1e-4)


def test_flips_are_the_same_for_volumes_and_masks() -> None:
    change = Change(**PLAIN, shift_hu=(0.0,) * 4, flips=(0, 2))
    np.testing.assert_allclose(change.hu({Phase.DP: volume(0)}, {})[Phase.DP], volume(0)[::-1, :, ::-1])
    assert np.array_equal(change.flip(volume(0)), volume(0)[::-1, :, ::-1])


def test_spreads_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError):
        Augmentation(noise_range=(1.0, 0.5))
    with pytest.raises(ConfigError):
        Augmentation(flip=2.0)


def test_coarse_noise_keeps_its_size_and_its_neighbors_go_together() -> None:
    clean = np.full((24, 24, 24), 40.0, np.float32)
    noise = np.random.default_rng(0).normal(0, 12, clean.shape).astype(np.float32)
    change = Change(**PLAIN, shift_hu=(0.0,) * 4, flips=(), grain_voxels=0.7)
    for known in ({Phase.PVP: clean}, {}):
        hu = clean + noise if known else clean
        seed = (
            change if known else Change(**{**PLAIN, "noise_hu": 12.0}, shift_hu=(0.0,) * 4, flips=(), grain_voxels=0.7)
        )
        left = seed.hu({Phase.PVP: hu}, known)[Phase.PVP] - 40
        assert left.std() == pytest.approx(12, rel=0.05)
        assert np.corrcoef(left[:, :, :-1].ravel(), left[:, :, 1:].ravel())[0, 1] == pytest.approx(0.6, abs=0.1)


def test_no_grain_is_drawn_unless_asked_for() -> None:
    drawn = [Augmentation().draw(np.random.default_rng(k)).grain_voxels for k in range(20)]
    coarse = [Augmentation(grain_share=0.5).draw(np.random.default_rng(k)).grain_voxels for k in range(200)]
    assert not any(drawn)
    assert 60 < np.count_nonzero(coarse) < 140
    with pytest.raises(ConfigError):
        Augmentation(grain_voxels=(1.0, 0.5))
