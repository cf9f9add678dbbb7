import numpy as np
from scipy import ndimage

from hepaphase.organs.refine import Rivals, refine

SPACING = (2.0, 1.5, 1.5)


def _ball(radius_mm: float) -> np.ndarray:
    z, y, x = np.ogrid[:40, :56, :56]
    return np.sqrt(((z - 20) * 2) ** 2 + ((y - 28) * 1.5) ** 2 + ((x - 28) * 1.5) ** 2) < radius_mm


def _dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def _picture(organ_hu: float, around_hu: float) -> np.ndarray:
    hu = np.where(_ball(26), organ_hu, around_hu) + np.random.default_rng(0).normal(0, 15, (40, 56, 56))
    return hu.astype(np.float32)


def _soft(radius_mm: float) -> np.ndarray:
    return ndimage.gaussian_filter(_ball(radius_mm).astype(np.float32), [s and 5 / s for s in SPACING])


def test_the_outline_moves_to_the_edge_whatever_the_contrast() -> None:
    for organ_hu, around_hu in ((100, 50), (50, 110), (60, -100)):
        mask = refine(_soft(22.5), _picture(organ_hu, around_hu), SPACING)
        assert _dice(mask, _ball(26)) > _dice(_soft(22.5) > 0.5, _ball(26)) + 0.05
        assert _dice(mask, _ball(26)) > 0.9


def test_without_contrast_the_outline_stays() -> None:
    mask = refine(_soft(24), _picture(60, 60), SPACING)
    assert _dice(mask, _soft(24) > 0.5) > 0.97


def test_too_little_to_learn_from_leaves_the_prediction() -> None:
    likely = np.zeros((10, 10, 10), np.float32)
    likely[4:6, 4:6, 4:6] = 0.8
    assert np.array_equal(refine(likely, np.zeros((10, 10, 10), np.float32), SPACING), likely > 0.5)


def test_a_rival_of_the_same_brightness_is_not_taken_over() -> None:
    hu = _picture(100, -80)
    rival = np.zeros(hu.shape, bool)
    rival[:, :, 44:] = True  # touches the organ and looks like it
    hu[rival & ~_ball(26)] = 100
    share = ndimage.gaussian_filter((rival & ~_ball(26)).astype(np.float32), [5 / s for s in SPACING])
    likely = np.clip(_soft(26), 0, 1 - share)
    alone = refine(likely, hu, SPACING)
    warned = refine(likely, hu, SPACING, rivals=Rivals(share, np.full(hu.shape, 3, np.uint8)))
    stolen = rival & ~_ball(26)
    assert (warned & stolen).sum() < 0.7 * (alone & stolen).sum()
    assert _dice(warned, _ball(26)) > _dice(alone, _ball(26))
