import numpy as np

from hepaphase.inference.masks import lesions_on_grid, renumbered
from hepaphase.study.geometry import Geometry

FINE = Geometry((8, 9, 10), (4.0, 4.0, 4.0), (-5.0, 10.0, 100.0))


def test_a_lesion_of_one_slice_survives_between_two_slices_of_a_coarser_grid() -> None:
    lesions = np.zeros(FINE.shape_zyx, np.uint16)
    lesions[3, 2:5, 2:6] = 1  # at 112 mm
    coarse = Geometry((4, 40, 44), (0.9, 0.9, 10.0), (-5.0, 10.0, 107.0))
    out = lesions_on_grid(lesions, FINE, coarse)
    assert set(np.unique(out[0])) == {0, 1} or set(np.unique(out[1])) == {0, 1}


def test_a_lesion_beyond_the_grid_is_lost_and_the_others_numbered_anew() -> None:
    lesions = np.zeros(FINE.shape_zyx, np.uint16)
    lesions[2:4, 2:5, 2:6], lesions[7, 0:2, 0:2], lesions[2:4, 6:8, 6:9] = 1, 2, 3
    short = Geometry((5, 9, 10), FINE.spacing_xyz_mm, FINE.origin_lps_mm)
    out, kept = renumbered(lesions_on_grid(lesions, FINE, short), 3)
    assert kept == (1, 3)
    assert set(np.unique(out)) == {0, 1, 2}
    assert np.array_equal(out == 2, lesions[:5] == 3)


def test_numbers_without_gaps_stay() -> None:
    lesions = np.array([[[0, 2, 1]]], np.uint16)
    out, kept = renumbered(lesions, 2)
    assert kept == (1, 2) and out is lesions
