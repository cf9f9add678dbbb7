"""Boxes and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaphase.base.errors import GeometryError, VolumeError
from hepaphase.resample.crop import Box, box_around, box_of, coarser, paste
from hepaphase.study.geometry import Geometry

GRID = Geometry((9, 11, 13), (0.8, 1.1, 2.5), (-17.0, 21.5, -480.25))


@given(
    low=st.tuples(*[st.integers(0, n - 1) for n in GRID.shape_zyx]),
    high=st.tuples(*[st.integers(0, n - 1) for n in GRID.shape_zyx]),
    margin_mm=st.floats(0, 60),
)
def test_box_holds_the_mask_and_its_margin_and_stays_inside(low, high, margin_mm):
    mask = np.zeros(GRID.shape_zyx, bool)
    mask[low] = mask[high] = True
    box = box_around(mask, GRID, margin_mm=margin_mm)
    for axis, spacing_mm in enumerate(GRID.spacing_zyx_mm):
        first, last = sorted((low[axis], high[axis]))
        assert 0 <= box.start_zyx[axis] < box.stop_zyx[axis] <= GRID.shape_zyx[axis]
        assert box.start_zyx[axis] == 0 or (first - box.start_zyx[axis]) * spacing_mm >= margin_mm - 1e-5
        end = box.stop_zyx[axis] - 1
        assert end == GRID.shape_zyx[axis] - 1 or (end - last) * spacing_mm >= margin_mm - 1e-5
        assert (first - box.start_zyx[axis]) * spacing_mm <= margin_mm + spacing_mm


@given(start=st.tuples(*[st.integers(0, 4)] * 3), size=st.tuples(*[st.integers(1, 5)] * 3))
def test_paste_puts_back_what_was_cut(start, size):
    array = np.random.default_rng(0).integers(1, 99, GRID.shape_zyx).astype(np.int16)
    box = Box(start, tuple(int(v) for v in np.add(start, size)))
    again = paste(array[box.slices], box, shape_zyx=GRID.shape_zyx, fill=-5)
    assert again.dtype == np.int16 and (again == -5).sum() == array.size - np.prod(size)
    np.testing.assert_array_equal(again[box.slices], array[box.slices])
    grid = box.geometry(GRID)
    assert grid.shape_zyx == box.shape_zyx == size
    np.testing.assert_allclose(grid.to_lps_mm((0, 0, 0)), GRID.to_lps_mm(start))


def test_box_unpacks_into_its_corners():
    start, stop = Box((1, 2, 3), (4, 6, 8))
    assert start == (1, 2, 3) and stop == (4, 6, 8)


def test_empty_mask_and_wrong_shapes_are_refused():
    with pytest.raises(VolumeError, match="mask is empty"):
        box_around(np.zeros(GRID.shape_zyx), GRID, margin_mm=5)
    with pytest.raises(GeometryError, match=r"mask has shape \(2, 2, 2\)"):
        box_around(np.ones((2, 2, 2)), GRID, margin_mm=5)
    with pytest.raises(GeometryError, match="array has shape"):
        paste(np.ones((2, 2, 2)), Box((0, 0, 0), (2, 2, 3)), shape_zyx=(4, 4, 4))
    for box in (Box((-1, 0, 0), (1, 2, 2)), Box((3, 0, 0), (5, 2, 2))):
        with pytest.raises(GeometryError, match="leaves the volume"):
            paste(np.ones((2, 2, 2)), box, shape_zyx=(4, 4, 4))


@given(
    start=st.tuples(*[st.integers(0, 4)] * 3),
    size=st.tuples(*[st.integers(2, 5)] * 3),
    spacing=st.tuples(*[st.floats(0.5, 6.0)] * 3),
)
def test_the_coarser_grid_of_a_part_is_a_part_of_that_of_the_whole(start, size, spacing):
    whole, part = GRID, GRID.crop(start, tuple(int(v) for v in np.add(start, size)))
    lattice, found = whole.with_spacing(spacing), coarser(part, spacing, whole=whole)
    at = lattice.to_index_zyx(found.to_lps_mm((0, 0, 0)))
    np.testing.assert_allclose(at, np.round(at), atol=1e-6)
    assert found.spacing_xyz_mm == lattice.spacing_xyz_mm
    middles = part.to_index_zyx(found.corners_lps_mm())
    is_alone = np.array(found.shape_zyx) == 1  # one voxel there always is
    inside = (middles > -0.5 - 1e-5) & (middles < np.array(part.shape_zyx) - 0.5 + 1e-5)
    assert (inside | is_alone).all()


def test_the_coarser_grid_of_the_whole_is_the_usual_one():
    usual = GRID.with_spacing((3.0, 2.0, 4.0))
    assert coarser(GRID, (3.0, 2.0, 4.0)) == coarser(GRID, (3.0, 2.0, 4.0), whole=GRID) == usual


def test_a_box_of_points_holds_them_and_stays_inside():
    points = GRID.to_lps_mm([[1.2, 3.4, 4.7], [5.5, 2.1, 99.0]])
    assert box_of(points, GRID) == Box((1, 2, 4), (7, 5, 13))
    assert Box((1, 2, 3), (4, 5, 6)).moved((10, 0, -1)) == Box((11, 2, 2), (14, 5, 5))
