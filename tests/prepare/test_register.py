from dataclasses import replace

import numpy as np
import pytest

from hepaphase.base.errors import VolumeError
from hepaphase.prepare.register import Transform, register
from hepaphase.prepare.rigid import overview
from hepaphase.resample.through import moved_points
from hepaphase.study.cut import Cut
from hepaphase.study.geometry import Geometry

from .moved_liver import GRIDS, Moved, moved_liver


def error_mm(found: Transform, case: Moved) -> float:
    """Mean distance, over the liver, between where the two transforms take a voxel."""
    points = case.fixed.geometry.to_lps_mm(np.argwhere(case.liver)[::7])
    ours, true = (moved_points(points, t.matrix, t.bend) for t in (found, case.motion))
    return float(np.linalg.norm(ours - true, axis=-1).mean())


@pytest.mark.parametrize("geometry", GRIDS)
def test_a_breath_and_a_bend_are_found_though_contrast_changed(geometry: Geometry) -> None:
    case = moved_liver(geometry, (2.0, -3.0, 9.0), bend_mm=4.0)
    before = error_mm(Transform.identity(), case)
    after = error_mm(register(case.fixed, case.moving, case.liver), case)
    assert before > 7
    assert after < 2.5


def test_a_guess_of_the_shift_reaches_further_than_none() -> None:
    case = moved_liver(GRIDS[0], (0.0, 0.0, 27.0))
    found = register(case.fixed, case.moving, case.liver, start_mm=np.array([0.0, 0.0, 24.0]))
    assert error_mm(found, case) < 2.5


def test_the_same_scans_give_the_same_transform() -> None:
    case = moved_liver(GRIDS[0], (2.0, 1.0, -5.0))
    one, two = (register(case.fixed, case.moving, case.liver) for _ in range(2))
    assert np.array_equal(one.matrix, two.matrix)
    assert (one.bend is None) == (two.bend is None)
    if one.bend is not None and two.bend is not None:
        assert np.array_equal(one.bend.mm, two.bend.mm)


def test_phases_that_lie_right_stay_where_they_are() -> None:
    case = moved_liver(GRIDS[1], (0.0, 0.0, 0.0))
    assert error_mm(register(case.fixed, case.moving, case.liver), case) < 1.0


def test_without_a_liver_nothing_is_registered() -> None:
    case = moved_liver(GRIDS[0], (0.0, 0.0, 5.0))
    with pytest.raises(VolumeError, match="empty"):
        register(case.fixed, case.moving, np.zeros_like(case.liver))


def test_a_phase_cut_around_its_liver_is_moved_as_the_whole_is() -> None:
    case = moved_liver(GRIDS[0], (2.0, -3.0, 9.0), bend_mm=4.0)
    around = ((15, 19), (14, 12), (13, 17))  # voxels
    old = case.moving.geometry
    hu = np.pad(case.moving.hu, around, constant_values=-100).astype(np.float32)
    hu[:3, :3, :3], hu[-3:, -3:, -3:] = -1000, 1000  # air and bone, far from the liver
    first, last = zip(*around, strict=True)
    grid = old.crop(tuple(-n for n in first), tuple(np.add(old.shape_zyx, last)))
    whole = replace(case.moving, hu=hu, geometry=grid)
    start, stop = (5, 4, 3), tuple(int(n) - 5 for n in grid.shape_zyx)
    part = hu[tuple(map(slice, start, stop))].copy()
    known = Cut(whole=grid, start_zyx=start, digest="", overview=overview(whole))
    cut = replace(whole, hu=part, geometry=grid.crop(start, stop), cut=known)
    one, two = (register(case.fixed, moving, case.liver) for moving in (whole, cut))
    assert error_mm(one, case) < 2.5
    points = case.fixed.geometry.to_lps_mm(np.argwhere(case.liver)[::7])
    apart = moved_points(points, one.matrix, one.bend) - moved_points(points, two.matrix, two.bend)
    assert float(np.linalg.norm(apart, axis=-1).max()) < 1e-3
