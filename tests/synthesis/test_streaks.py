import numpy as np
import pytest
from scipy import ndimage

from hepaphase.synthesis.streaks import without_streaks

SHAPE = (24, 28, 36)


@pytest.fixture
def liver() -> np.ndarray:
    mask = np.zeros(SHAPE, np.uint8)
    mask[3:21, 4:24, 4:32] = 1
    return mask


def scan(liver: np.ndarray, streak_hu: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    clean = np.where(liver > 0, 60.0, -100.0)
    clean[10:14, 12:16, 16:20] = 30.0
    streaks = ndimage.gaussian_filter(rng.normal(size=SHAPE), (0.4, 0.4, 15), mode="nearest")
    return clean, clean + streaks * (streak_hu / streaks.std()) + rng.normal(0, 2, SHAPE)


def test_streaks_go_and_a_lesion_stays(liver: np.ndarray) -> None:
    clean, streaked = scan(liver, 15.0)
    found = without_streaks(streaked, liver)
    inside = liver > 0
    smooth = [ndimage.gaussian_filter(one - clean, 0.64)[inside].std() for one in (streaked, found)]
    assert smooth[1] < 0.6 * smooth[0]
    assert abs((found - clean)[10:14, 12:16, 16:20].mean()) < 10  # of 30 HU
    assert np.allclose(found[~inside], streaked[~inside], atol=1e-3)


def test_a_scan_without_streaks_stays_as_it_is(liver: np.ndarray) -> None:
    _, plain = scan(liver, 0.0)
    assert without_streaks(plain, liver) is plain
    assert without_streaks(plain.swapaxes(1, 2), liver.swapaxes(1, 2)).shape == (24, 36, 28)


def test_what_runs_the_other_way_is_no_streak(liver: np.ndarray) -> None:
    _, streaked = scan(liver, 15.0)
    turned = streaked.swapaxes(1, 2)
    assert without_streaks(turned, liver.swapaxes(1, 2)) is turned


def test_without_a_liver_or_with_hardly_any_nothing_is_done(liver: np.ndarray) -> None:
    _, streaked = scan(liver, 15.0)
    small = np.zeros_like(liver)
    small[5:9, 5:9, 5:9] = 1
    assert without_streaks(streaked, None) is streaked and without_streaks(streaked, small) is streaked
