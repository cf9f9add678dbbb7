import numpy as np
import pytest
from scipy import ndimage

from hepaphase.evaluation.physics.exam import noise_of
from hepaphase.study.phase import Phase
from hepaphase.synthesis.draw import ROUGHNESS, drawn, with_structure


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


def test_a_draw_is_as_rough_as_a_true_phase_and_the_rest_stays(scan) -> None:
    _, seen = scan
    liver = np.zeros(seen.shape, bool)
    liver[2:-2, 2:-2, 2:-2] = True
    inner = ndimage.binary_erosion(liver)
    made = with_structure(seen, liver, rough_hu=7.0)
    assert made.dtype == np.float32 and noise_of(seen, inner) == pytest.approx(5.0, rel=0.1)
    assert noise_of(made, inner) == pytest.approx(7.0, rel=0.06)
    np.testing.assert_array_equal(made[~liver], seen[~liver])
    assert made[liver].mean() == pytest.approx(seen[liver].mean(), abs=0.3)
    other = with_structure(seen + 40, liver, rough_hu=7.0)
    np.testing.assert_allclose(other - 40, made, atol=1e-3)  # at the same places in every phase


def test_a_draw_that_is_as_rough_already_is_left_alone(scan) -> None:
    _, seen = scan
    assert with_structure(seen, np.ones(seen.shape, bool), rough_hu=1.0) is seen


def test_roughness_is_of_every_phase_and_least_without_contrast() -> None:
    assert set(ROUGHNESS) == set(Phase) and min(ROUGHNESS, key=ROUGHNESS.__getitem__) is Phase.NC
