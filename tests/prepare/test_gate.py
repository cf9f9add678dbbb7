from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from hepaphase.prepare.gate import Quality, jacobian_of, judge
from hepaphase.prepare.register import Transform
from hepaphase.prepare.working import working_volumes
from hepaphase.study.displacement import Displacement
from hepaphase.study.geometry import Geometry

from .moved_liver import GRIDS, Moved, moved_liver


def judged(case: Moved, transform: Transform) -> Quality:
    work = working_volumes(case.fixed, case.liver)
    return judge(work, case.moving, ((case.liver, case.fixed.geometry), case.moved_liver), transform)


@pytest.mark.parametrize("geometry", GRIDS)
def test_the_true_transform_passes_and_none_at_all_does_not(geometry: Geometry) -> None:
    case = moved_liver(geometry, (3.0, 0.0, 14.0), bend_mm=3.0)
    true = judged(case, case.motion)
    assert not true.failures()
    assert true.dice > 0.93
    unmoved = judged(case, Transform.identity())
    assert unmoved.failures()
    assert unmoved.likeness < true.likeness


def test_a_fold_is_seen() -> None:
    case = moved_liver(GRIDS[0], (0.0, 0.0, 0.0))
    grid = case.fixed.geometry
    rough = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((3, *grid.shape_zyx)), (0, 2, 2, 2))
    folded = Transform(np.eye(4), Displacement((10 * rough / rough.std()).astype(np.float32), grid))
    quality = judged(case, folded)
    assert quality.jacobian_min < 0
    assert any("squeezed" in line for line in quality.failures())


def test_a_scan_that_ends_in_the_liver_is_refused_with_the_share_it_shows() -> None:
    case = moved_liver(GRIDS[0], (0.0, 0.0, 0.0))
    half = case.moving.geometry.shape_zyx[0] // 2
    grid = case.moving.geometry.crop((0, 0, 0), (half, *case.moving.geometry.shape_zyx[1:]))
    cut = replace(case.moving, hu=np.ascontiguousarray(case.moving.hu[:half]), geometry=grid)
    quality = judged(replace(case, moving=cut, moved_liver=case.moved_liver[:half]), Transform.identity())
    assert 0.35 < quality.seen < 0.65
    assert any("field of view" in line for line in quality.failures())


def test_the_volume_of_known_lesions_is_followed() -> None:
    case = moved_liver(GRIDS[0], (0.0, 0.0, 0.0))
    grid = case.fixed.geometry
    lesions = np.zeros(grid.shape_zyx, np.uint16)
    lesions[9:13, 12:16, 13:17] = 1
    points = np.moveaxis(grid.to_lps_mm(np.moveaxis(np.indices(grid.shape_zyx), 0, -1)), -1, 0)
    middle = points.reshape(3, -1).mean(1)[:, None, None, None]
    swollen = Transform(np.eye(4), Displacement((0.1 * (points - middle)).astype(np.float32), grid))
    work = working_volumes(case.fixed, case.liver)
    quality = judge(work, case.moving, ((case.liver, grid), case.liver), swollen, (lesions, grid))
    assert quality.lesion_change == pytest.approx(3 * np.log(1.1), rel=0.02)


def test_the_jacobian_of_a_rigid_motion_is_one() -> None:
    assert (jacobian_of(moved_liver(GRIDS[0], (3.0, 2.0, 1.0)).motion, GRIDS[1]) == 1).all()
