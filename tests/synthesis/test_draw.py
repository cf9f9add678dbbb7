import numpy as np
import pytest

from hepaphase.synthesis.draw import drawn


@pytest.fixture
def scan() -> tuple[np.ndarray, np.ndarray]:
    clean = np.full((18, 21, 24), 100.0)
    clean[:, 8:12, 8:12] = 180.0  # a vessel
    return clean, (clean + np.random.default_rng(0).normal(0, 5, clean.shape)).astype(np.float32)


def test_a_draw_has_the_noise_that_the_mean_has_lost(scan) -> None:
    _, seen = scan
    made = (60 + 0.5 * (seen - 100)).astype(np.float32)  # noise read as contrast agent and taken away
    plain = np.s_[2:-2, 14:19, 14:22]
    found = drawn(made, seen, noise_hu=5.0)
    assert made[plain].std() == pytest.approx(2.5, rel=0.1) and found[plain].std() == pytest.approx(5.0, rel=0.12)
    assert found[plain].mean() == pytest.approx(60, abs=0.5)


def test_a_change_that_is_no_noise_stays(scan) -> None:
    clean, seen = scan
    change = np.where(clean > 150, -130.0, -45.0).astype(np.float32)
    np.testing.assert_allclose(drawn(seen + change, seen, noise_hu=5.0), seen + change, atol=1e-3)
