import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaphase.base.errors import GeometryError
from hepaphase.resample.grid import resample
from hepaphase.resample.through import moved_back, moved_points, resample_through, shows
from hepaphase.study.displacement import Displacement
from hepaphase.study.geometry import Geometry

GRID = Geometry((12, 16, 20), (2.0, 2.5, 3.0), (-10.0, 40.0, 700.0))


def wave(grid: Geometry, size_mm: float) -> Displacement:
    z, y, x = np.indices(grid.shape_zyx)
    return Displacement(size_mm * np.stack([np.sin(y / 5), np.cos(z / 4), np.sin(x / 6)]).astype(np.float32), grid)


def shifted(x: float, y: float, z: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = x, y, z
    return matrix


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.floats(-20, 20)] * 3), st.floats(-0.3, 0.3), st.floats(0, 2))
def test_there_and_back_is_where_it_began(shift: tuple[float, float, float], angle: float, size_mm: float) -> None:
    matrix = shifted(*shift)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    points = GRID.to_lps_mm(np.argwhere(np.ones(GRID.shape_zyx))[::37])
    bend = wave(GRID, size_mm)
    assert np.allclose(moved_back(moved_points(points, matrix, bend), matrix, bend), points, atol=0.05)


def test_a_shift_by_whole_voxels_is_exact() -> None:
    array = np.random.default_rng(0).normal(0, 100, GRID.shape_zyx).astype(np.float32)
    out = resample_through(array, GRID, GRID, matrix=shifted(4.0, 2.5, -3.0), fill=-7.0)
    assert np.allclose(out[1:, :-1, :-2], array[:-1, 1:, 2:], atol=1e-3)
    assert (out[0] == -7).all()


def test_back_is_the_other_way() -> None:
    labels = np.zeros(GRID.shape_zyx, np.uint16)
    labels[4:8, 5:9, 6:10] = 3
    matrix = shifted(2.0, 2.5, 3.0)
    there = resample_through(labels, GRID, GRID, matrix=matrix, order=0, back=True)
    assert there.dtype == np.uint16
    assert np.array_equal(there[5:9, 6:10, 7:11], labels[4:8, 5:9, 6:10])
    again = resample_through(there, GRID, GRID, matrix=matrix, order=0)
    assert np.array_equal(again, labels)


def test_no_movement_is_plain_resampling() -> None:
    array = np.random.default_rng(1).normal(0, 100, GRID.shape_zyx).astype(np.float32)
    coarse = Geometry((6, 8, 9), (4.0, 5.0, 6.0), (-9.0, 41.0, 701.0))
    assert np.array_equal(resample_through(array, GRID, coarse, matrix=np.eye(4)), resample(array, GRID, coarse))


def test_a_coarser_target_is_smoothed_first() -> None:
    array = np.random.default_rng(2).normal(0, 100, GRID.shape_zyx).astype(np.float32)
    coarse = Geometry((4, 5, 6), (8.0, 8.0, 8.0), (-9.0, 41.0, 701.0))
    out = resample_through(array, GRID, coarse, matrix=shifted(0.5, 0.0, 0.0))
    assert out[1:3, 1:3, 1:3].std() < 0.5 * array.std()


def test_a_turned_target_is_smoothed_along_its_own_axes() -> None:
    """Slices of 6 mm looked at on a grid as fine as the source in plane keep their detail there."""
    array = np.tile(np.arange(20) % 2 * 100.0, (12, 16, 1)).astype(np.float32)
    thick = Geometry((6, 16, 20), (2.0, 2.5, 6.0), (-10.0, 40.0, 701.5))
    out = resample_through(array, GRID, thick, matrix=shifted(0.0, 0.1, 0.0))
    assert np.allclose(out[1:-1, 1:-1], array[1:5, 1:-1], atol=1e-3)


def test_an_array_of_another_grid_is_refused() -> None:
    with pytest.raises(GeometryError):
        resample_through(np.zeros((3, 4, 5), np.float32), GRID, GRID, matrix=np.eye(4))
    with pytest.raises(GeometryError, match="displacements"):
        Displacement(np.zeros((3, 2, 2, 2), np.float32), GRID)


@pytest.mark.parametrize("bend_mm", [0.0, 1.5])
def test_a_part_of_a_scan_looks_as_the_whole_does(bend_mm: float) -> None:
    whole = Geometry((40, 44, 48), (0.8, 0.9, 1.1), (-12.0, 33.0, 410.0))
    array = np.random.default_rng(4).normal(0, 100, whole.shape_zyx).astype(np.float32)
    start, stop = (7, 5, 9), (38, 41, 45)
    part = whole.crop(start, stop)
    x, y, z = whole.to_lps_mm((16, 16, 18))
    target = Geometry((6, 6, 5), (3.0, 3.0, 3.0), (float(x), float(y), float(z)))
    how = {"matrix": shifted(1.3, -0.7, 2.2), "bend": wave(target, bend_mm) if bend_mm else None}
    expected = resample_through(array, whole, target, **how)
    cut = array[tuple(map(slice, start, stop))]
    np.testing.assert_allclose(resample_through(cut, part, target, whole=whole, **how), expected, atol=1e-3)
    assert np.abs(resample_through(cut, part, target, **how) - expected).max() > 1  # on a coarser grid of its own


@pytest.mark.parametrize("shift", [(0.0, 0.0, 0.0), (9.0, -4.0, 11.0)])
def test_what_a_scan_shows_is_where_nothing_is_filled_in(shift: tuple[float, float, float]) -> None:
    target = Geometry((9, 9, 9), (6.0, 6.0, 6.0), (-20.0, 35.0, 690.0))
    filled = resample_through(np.ones(GRID.shape_zyx, np.float32), GRID, target, matrix=shifted(*shift), fill=0.0)
    seen = shows(GRID, target, matrix=shifted(*shift))
    assert 0 < seen.sum() < seen.size
    assert np.array_equal(seen, filled > 0.5)
