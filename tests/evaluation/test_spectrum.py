import numpy as np
import pytest
from scipy import ndimage

from hepaphase.evaluation.spectrum import mean_frequency, patch_power, ring_shares


def noise(seed: int, smooth: float) -> np.ndarray:
    white = np.random.default_rng(seed).normal(0, 10, (12, 40, 48))
    return ndimage.gaussian_filter(white, (0, smooth, smooth)) if smooth else white


def test_smoothing_moves_power_to_low_frequencies() -> None:
    inside = np.ones((12, 40, 48), bool)
    power = [patch_power(noise(1, s), inside) for s in (0.0, 1.5)]
    assert mean_frequency(power[0]) > 1.5 * mean_frequency(power[1])
    white, smooth = ring_shares(power[0]), ring_shares(power[1])
    assert white.sum() == pytest.approx(1) and smooth[0] > 0.4 > white[0]
    other = ring_shares(patch_power(noise(2, 0.0), inside))
    assert np.abs(other - white).sum() / 2 < 0.03 < np.abs(smooth - white).sum() / 2


def test_a_wave_is_found_where_it_is() -> None:
    wave = np.tile(np.cos(2 * np.pi * np.arange(48) / 4), (12, 40, 1))
    assert mean_frequency(patch_power(wave, np.ones((12, 40, 48), bool))) == pytest.approx(0.25, abs=0.02)


def test_a_small_region_says_nothing() -> None:
    inside = np.zeros((12, 40, 48), bool)
    inside[3:6, :8, :8] = True
    assert patch_power(noise(1, 0.0), inside) is None
