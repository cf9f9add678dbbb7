"""Spots are found without the truth, and told afterwards what they lie on."""

import numpy as np
from scipy import ndimage

from hepaphase.benchmark.ceiling.candidates import find_candidates
from hepaphase.benchmark.ceiling.measure import CLASSES

SHAPE = (20, 22, 24)


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    liver = np.zeros(SHAPE, bool)
    liver[2:18, 2:20, 2:22] = True
    lesions = np.zeros(SHAPE, np.uint16)
    lesions[6:10, 6:10, 6:10] = 1
    hu = 60 + 3 * rng.standard_normal((4, *SHAPE)).astype(np.float32)
    hu[2, 6:10, 6:10, 6:10] -= 40  # only the portal phase shows it
    hu[2, 12:16, 12:16, 12:16] += 40  # a vessel
    return hu.astype(np.float32), liver, lesions


def test_a_dark_lesion_and_a_bright_vessel() -> None:
    hu, liver, lesions = scene()
    found = find_candidates(hu, liver, lesions, {1: "cyst"}, 4.0)
    large = found.shapes[:, 0] > np.log(1.0)
    assert set(found.phases[large]) == {2}
    assert set(found.classes[large]) == {CLASSES.index("cyst"), -1}
    on_lesion = large & (found.classes >= 0)
    assert (found.values[on_lesion][:, 2, 0] < 50).all()


def test_the_truth_does_not_help_to_find() -> None:
    hu, liver, lesions = scene()
    told = find_candidates(hu, liver, lesions, {1: "cyst"}, 4.0)
    untold = find_candidates(hu, liver, np.zeros_like(lesions), {}, 4.0)
    assert np.array_equal(told.values, untold.values, equal_nan=True)
    assert (untold.classes == -1).all()


def test_a_phase_that_is_missing_shows_nothing() -> None:
    hu, liver, lesions = scene()
    hu[2] = np.nan
    found = find_candidates(hu, liver, lesions, {1: "cyst"}, 4.0)
    assert 2 not in found.phases
    assert np.isnan(found.histogram[2]).all()


def test_the_liver_ends_where_its_mask_does() -> None:
    hu, liver, lesions = scene()
    hu[:, ~liver] = -1000.0
    found = find_candidates(hu, liver, lesions, {1: "cyst"}, 4.0)
    assert found.values[:, :, 0].min() > 0
    assert ndimage.binary_erosion(liver).any()
