from dataclasses import replace

import numpy as np
import pytest

from hepaphase.phantom.labels import Organ
from hepaphase.phantom.reshape import Lobe, Shapes, draw_shapes, reshape_organs

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
