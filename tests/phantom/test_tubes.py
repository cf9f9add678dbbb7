import numpy as np
import pytest

from hepaphase.phantom.space import Places, grid_axes_mm
from hepaphase.phantom.tubes import Tubes, join, tube_shares
from hepaphase.study.geometry import Geometry

GRIDS = [
    Geometry((40, 36, 44), (3.0, 3.0, 3.0), (-60.0, -55.0, -62.0)),
    Geometry((30, 50, 60), (2.0, 2.5, 4.0), (-70.0, -61.0, -58.0)),
    Geometry((24, 28, 22), (5.0, 4.5, 5.5), (-52.0, -66.0, -63.0)),
]


def places(geometry: Geometry, bend_mm: float = 0.0) -> Places:
    z, y, x = np.meshgrid(*grid_axes_mm(geometry), indexing="ij")
    return Places(*(np.asarray(a + bend_mm * np.sin(b / 25), np.float32) for a, b in ((x, y), (y, z), (z, x))))


@pytest.mark.parametrize("geometry", GRIDS)
@pytest.mark.parametrize("radius_mm", [1.2, 3.0, 9.0])
def test_a_tube_has_its_volume_however_thin(geometry: Geometry, radius_mm: float) -> None:
    tube = Tubes(np.array([[-25.0, 3, -20]]), np.array([[25.0, -4, 22]]), np.array([radius_mm]))
    part, box = tube_shares(tube, places(geometry), geometry)
    length = float(np.linalg.norm(tube.end - tube.start))
    volume = part.sum() * np.prod(geometry.spacing_xyz_mm)
    expected = np.pi * radius_mm**2 * length + 4 / 3 * np.pi * radius_mm**3
    assert volume == pytest.approx(expected, rel=0.3 if radius_mm < 5 else 0.1)
    assert part.max() <= 1 and part.shape == tuple(s.stop - s.start for s in box)
    if radius_mm > 5:
        assert part.max() == 1


@pytest.mark.parametrize("bend_mm", [0.0, 6.0])
def test_the_voxels_are_those_of_the_distance(bend_mm: float) -> None:
    geometry = GRIDS[0]
    start, end, radius = np.array([-20.0, 5, 10]), np.array([15.0, -12, -18]), 5.0
    where = places(geometry, bend_mm)
    part, box = tube_shares(Tubes(start[None], end[None], np.array([radius])), where, geometry)
    whole = np.zeros(geometry.shape_zyx)
    whole[box] = part
    points = np.stack([where.x, where.y, where.z], axis=-1).astype(float)
    at = np.clip((points - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
    gap = np.linalg.norm(points - start - at[..., None] * (end - start), axis=-1) - radius
    np.testing.assert_allclose(whole, np.clip(0.5 - gap / 3.0, 0, 1), atol=1e-4)


def test_tubes_off_the_grid_paint_nothing_and_many_paint_the_most() -> None:
    geometry = GRIDS[1]
    away = Tubes(np.array([[300.0, 0, 0]]), np.array([[400.0, 0, 0]]), np.array([4.0]))
    assert not tube_shares(away, places(geometry), geometry)[0].any()
    thin = Tubes(np.array([[-20.0, 0, 0]]), np.array([[20.0, 0, 0]]), np.array([1.0]))
    wide = Tubes(thin.start, thin.end, np.array([6.0]))
    both, _ = tube_shares(join(thin, wide, away), places(geometry), geometry)
    alone, _ = tube_shares(wide, places(geometry), geometry)
    np.testing.assert_allclose(both[both > 0], alone[alone > 0], atol=1e-6)
