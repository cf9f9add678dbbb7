import numpy as np
import pytest

from hepaphase.organs.heart import heart_in
from hepaphase.organs.segment import CoarseOrgans, liver_and_heart
from hepaphase.organs.table import CLASSES
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Provenance
from hepaphase.study.study import PhaseVolume

GRIDS = (((64, 62, 66), (2.5, 2.5, 2.5)), ((32, 80, 76), (5.0, 2.0, 2.1)), ((76, 50, 54), (2.0, 3.0, 3.0)))
LIVER_HU = 120.0


def _dome(shape, spacing, *, heart_hu=LIVER_HU, lesion_hu=None):
    """A liver, a heart above of which the mask takes in 15 mm, a sheet of fat between, and what a network says."""
    place = np.moveaxis(np.indices(shape), 0, -1) * np.asarray(spacing)
    z, y, x = np.moveaxis(place - np.asarray(shape) * spacing / 2, -1, 0)
    liver = (np.abs(x) < 60) & (np.abs(y) < 55) & (z < 0) & (z > -60)
    heart = (np.abs(x) < 40) & (np.abs(y) < 40) & (z >= 6) & (z < 60)
    hu = np.full(shape, -80.0, np.float32)
    hu[liver], hu[heart] = LIVER_HU, heart_hu
    hu[heart & (np.abs(x) < 5)] = LIVER_HU - 30  # the septum
    lesion = liver & (np.sqrt(x**2 + y**2 + (z + 14) ** 2) < 12)
    if lesion_hu is not None:
        hu[lesion] = lesion_hu
    hu += np.random.default_rng(7).normal(0, 8, shape).astype(np.float32)
    mask = liver | (heart & (z < 21)) | ((z >= 0) & (z < 6) & (np.abs(x) < 40) & (np.abs(y) < 40))
    sure = np.where(z < 21, 0.95, 0.0).astype(np.float32) * mask
    return hu, liver, heart, mask, lesion, sure, np.where(heart & (z >= 21), 0.9, 0.0).astype(np.float32)


@pytest.mark.parametrize(
    ("shape", "spacing", "heart_hu"), [(*g, LIVER_HU + d) for g, d in zip(GRIDS, (0, 30, 0), strict=True)]
)
def test_the_part_of_the_heart_is_given_back_and_the_liver_stays(shape, spacing, heart_hu) -> None:
    hu, liver, heart, mask, _, sure, beside = _dome(shape, spacing, heart_hu=heart_hu)
    taken = heart_in(mask, sure, beside, hu, spacing)
    assert (taken & heart).sum() > 0.8 * (mask & heart).sum()
    assert (taken & liver).sum() < 0.01 * liver.sum()


@pytest.mark.parametrize(
    ("shape", "spacing", "lesion_hu"), [(*g, LIVER_HU + d) for g, d in zip(GRIDS, (60, 60, -70), strict=True)]
)
def test_a_lesion_at_the_dome_stays(shape, spacing, lesion_hu) -> None:
    hu, _, _, mask, lesion, sure, beside = _dome(shape, spacing, lesion_hu=lesion_hu)
    taken = heart_in(mask, sure, beside, hu, spacing)
    assert (taken & lesion).sum() < 0.02 * lesion.sum()


def test_without_a_heart_in_view_nothing_is_taken() -> None:
    hu, _, _, mask, _, sure, beside = _dome(*GRIDS[0])
    assert not heart_in(mask, sure, 0 * beside, hu, GRIDS[0][1]).any()


def test_a_liver_all_of_which_lies_at_the_heart_stays() -> None:
    hu, _, _, mask, _, sure, beside = _dome(*GRIDS[0])
    low = np.indices(mask.shape)[0] > 32  # the rest is out of view
    assert not heart_in(mask & low, sure * low, beside, hu, GRIDS[0][1]).any()


def test_the_mask_of_the_liver_comes_without_the_heart_and_says_what_was_taken() -> None:
    shape, spacing = GRIDS[2]
    hu, liver, heart, mask, _, sure, beside = _dome(shape, spacing)
    grid = Geometry(shape, spacing[::-1], (12.0, -30.0, 55.0))
    said = np.zeros((len(CLASSES), *shape), np.float32)
    said[CLASSES.index("liver")], said[CLASSES.index("heart")] = sure, beside
    found, taken = liver_and_heart(CoarseOrgans(said, grid), PhaseVolume(hu, grid, Provenance.MEASURED))
    assert not (found & taken).any()
    assert (taken[heart & mask]).mean() > 0.8
    assert (found[heart]).mean() < 0.1
    assert (found[liver]).mean() > 0.95
