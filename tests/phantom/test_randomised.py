from dataclasses import replace

import numpy as np

from hepaphase.phantom.appearance import draw_appearance
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.randomised import View, draw_view, outside, paint, scan

LOOK = draw_appearance(np.random.default_rng(5))
CALM = replace(
    LOOK.scanner, slice_mm=3.0, blur_voxels=0.0, noise_hu=0.0, bias_hu=0.0, table_gap_voxels=None, metal_hu=None
)


def _labels() -> np.ndarray:
    labels = np.zeros((16, 40, 40), np.uint8)
    labels[:, 4:30, 4:36] = Organ.MUSCLE
    labels[:, 8:20, 6:20] = Organ.LIVER
    return labels


def test_organs_have_the_means_that_were_drawn() -> None:
    look = replace(LOOK, scanner=CALM, lesions=(), vessel_width=0.0)
    hu = paint(_labels(), look)
    assert hu.dtype == np.float32
    for organ in (Organ.LIVER, Organ.MUSCLE):
        assert abs(hu[_labels() == organ].mean() - look.mean_hu[organ.name]) < 3 * look.texture_hu[organ.name] + 1


def test_the_same_appearance_gives_the_same_picture() -> None:
    assert np.array_equal(paint(_labels(), LOOK), paint(_labels(), LOOK))


def test_noise_has_the_strength_that_was_drawn() -> None:
    hu = np.zeros((16, 40, 40), np.float32)
    noisy = scan(hu, hu > 1, replace(CALM, noise_hu=20.0, noise_cell_voxels=0.8), seed=1)
    assert abs(noisy.std() - 20) < 2


def test_the_table_lies_behind_the_body_and_never_in_it() -> None:
    body = _labels() > 0
    scanner = replace(CALM, table_gap_voxels=2, table_hu=50.0, table_thickness_voxels=3)
    hu = scan(np.full(body.shape, -1000, np.float32), body, scanner, seed=3)
    table = np.argwhere(hu > -999)
    assert len(table) and table[:, 1].min() >= 29 and not (body & (hu > -999)).any()


def test_metal_streaks_stay_near_their_slice() -> None:
    body = _labels() > 0
    hu = scan(np.zeros(body.shape, np.float32), body, replace(CALM, metal_hu=300.0), seed=2)
    touched = np.flatnonzero((hu != 0).any(axis=(1, 2)))
    assert len(touched) and touched[-1] - touched[0] <= 6 and hu.max() > 1000


def test_a_view_hides_what_was_not_scanned() -> None:
    view = View(start=3, stop=9, radius_voxels=10.0, offset_voxels=(0.0, 0.0))
    hidden = outside(view, (16, 40, 40))
    assert hidden[:3].all() and hidden[9:].all() and hidden[5, 0, 0] and not hidden[5, 20, 20]


def test_views_are_runs_of_slices_inside_the_image() -> None:
    views = [draw_view(np.random.default_rng(seed), 40) for seed in range(200)]
    assert all(0 <= view.start < view.stop <= 40 for view in views)
    assert min(view.stop - view.start for view in views) < 12 and any(view.stop - view.start == 40 for view in views)
