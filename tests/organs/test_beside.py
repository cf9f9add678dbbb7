import numpy as np
import pytest

from hepaphase.organs.beside import near_other

GRIDS = (((24, 50, 52), (3.0, 2.0, 2.0)), ((40, 44, 46), (2.0, 2.2, 2.5)), ((16, 60, 64), (5.0, 1.5, 1.6)))


def _liver(shape, spacing, level_hu):
    """A box of liver in fat, with a fissure that opens to the front, a ball of fat inside, and noise."""
    place = np.moveaxis(np.indices(shape), 0, -1) * np.asarray(spacing)
    z, y, x = np.moveaxis(place - np.asarray(shape) * spacing / 2, -1, 0)
    liver = (np.abs(x) < 35) & (np.abs(y) < 32) & (np.abs(z) < 25)
    fissure = liver & (np.abs(x - 10) < 3) & (y < 0)
    ball = np.sqrt((x + 18) ** 2 + (y - 8) ** 2 + z**2) < 8
    hu = np.where(liver, level_hu, -100.0)
    hu[fissure | ball] = -100
    hu = hu + np.random.default_rng(3).normal(0, 10, shape)
    return hu.astype(np.float32), liver.astype(np.uint8), fissure, ball


@pytest.mark.parametrize(("shape", "spacing"), GRIDS)
@pytest.mark.parametrize("level_hu", [110.0, 45.0, 5.0])
def test_fat_that_comes_from_outside_is_seen_and_a_fatty_lesion_is_not(shape, spacing, level_hu) -> None:
    hu, liver, fissure, ball = _liver(shape, spacing, level_hu)
    near = near_other(liver, hu, spacing) > 0
    assert near[fissure].mean() > 0.95
    assert not near[ball].any()
    assert near[liver > 0].mean() < 0.25


@pytest.mark.parametrize(("shape", "spacing"), GRIDS)
def test_a_cyst_at_the_surface_is_no_fat(shape, spacing) -> None:
    hu, liver, fissure, _ = _liver(shape, spacing, 110.0)
    place = np.moveaxis(np.indices(shape), 0, -1) * np.asarray(spacing) - np.asarray(shape) * spacing / 2
    cyst = (np.linalg.norm(place - [0, 24, -10], axis=-1) < 8) & (liver > 0)
    hu[cyst] += 5.0 - 110.0
    near = near_other(liver, hu, spacing) > 0
    assert near[cyst].mean() < 0.25
    assert near[fissure].mean() > 0.95


def test_the_seam_to_the_heart_is_near_and_an_empty_mask_has_none() -> None:
    shape, spacing = GRIDS[0]
    _, liver, _, _ = _liver(shape, spacing, 60.0)
    hu = np.full(shape, 60.0, np.float32)
    heart = np.zeros_like(liver)
    heart[-4:] = 1
    near = near_other(liver, hu, spacing, heart=heart)
    assert near[-5][liver[12] > 0].all()
    assert not near[:-6].any()
    assert not near_other(0 * liver, hu, spacing, heart=heart).any()
