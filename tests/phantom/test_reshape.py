from dataclasses import replace

import numpy as np
import pytest

from hepaphase.phantom.labels import Organ
from hepaphase.phantom.reshape import Lobe, Shapes, draw_shapes, reshape_organs, sunken_heart
from hepaphase.phantom.torso import Labels

from .torso_example import example_organs

NAMES = ("LIVER", "SPLEEN", "KIDNEY", "STOMACH", "GALLBLADDER")
SAME = Shapes(
    grow_mm=dict.fromkeys(NAMES, 0.0),
    bumps_mm=dict.fromkeys(NAMES, 0.0),
    cell_mm=40.0,
    left_lobe=None,
    right_lobe=None,
    seed=0,
)


def test_nothing_drawn_changes_nothing() -> None:
    assert np.array_equal(reshape_organs(example_organs(), SAME), example_organs())


@pytest.mark.parametrize("organ", [Organ.LIVER, Organ.SPLEEN, Organ.KIDNEY])
def test_growth_moves_the_surface_that_far(organ: Organ) -> None:
    before = example_organs() == organ
    after = reshape_organs(example_organs(), replace(SAME, grow_mm=SAME.grow_mm | {organ.name: 6.1})) == organ
    assert after[before].all() and after.sum() > 1.2 * before.sum()


def test_a_left_lobe_reaches_to_the_left() -> None:
    lobe = Lobe(shift_mm=(0.0, -10.0, 20.0), half_mm=(30.0, 20.0, 50.0))
    after = reshape_organs(example_organs(), replace(SAME, left_lobe=lobe))
    reach = [np.argwhere(labels == Organ.LIVER)[:, 2].max() for labels in (example_organs(), after)]
    assert reach[1] > reach[0] + 5


@pytest.mark.parametrize("seed", range(4))
def test_the_liver_is_one_piece_and_the_aorta_is_untouched(seed: int) -> None:
    from scipy import ndimage

    after = reshape_organs(example_organs(), draw_shapes(np.random.default_rng(seed)))
    assert ndimage.label(after == Organ.LIVER)[1] == 1
    assert np.array_equal(after == Organ.AORTA, example_organs() == Organ.AORTA)


def _heart_on_liver() -> Labels:
    labels = np.zeros((30, 24, 26), np.uint8)
    labels[4:16, 2:20, 3:20] = Organ.LIVER
    labels[16:26, 5:21, 8:24] = Organ.HEART
    labels[6:16, 12, 14] = Organ.AORTA
    return labels


def test_a_sunken_heart_reaches_down_that_far_and_deepest_in_its_middle() -> None:
    labels = _heart_on_liver()
    sunk = sunken_heart(labels, 15.0)  # five voxels
    heart = sunk == Organ.HEART
    assert heart[labels == Organ.HEART].all()
    assert np.flatnonzero(heart[:, 13, 16])[0] == 11
    assert np.flatnonzero(heart[:, 6, 9])[0] > 11  # near its rim
    assert (sunk == Organ.AORTA).sum() == (labels == Organ.AORTA).sum()
    changed = sunk != labels
    assert changed.any() and (labels[changed] == Organ.LIVER).all()
    assert not changed[:, 21:, :].any()


def test_without_heart_or_depth_nothing_sinks() -> None:
    labels = _heart_on_liver()
    assert sunken_heart(labels, 0.0) is labels
    labels[labels == Organ.HEART] = 0
    assert sunken_heart(labels, 20.0) is labels
