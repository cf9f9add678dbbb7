"""Long and short axis, against ellipses and brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from hepaphase.report.diameters import diameters


def ellipse(radius_a_mm, radius_b_mm, angle_deg, spacing):
    y, x = np.indices((70, 80)) * np.asarray(spacing)[:, None, None]
    y, x = y - 35 * spacing[0], x - 40 * spacing[1]
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return (((c * x + s * y) / radius_a_mm) ** 2 + ((c * y - s * x) / radius_b_mm) ** 2 <= 1)[None]


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.8, 0.8), (1.5, 0.9)])
@pytest.mark.parametrize("angle", [0, 17, 45, 90, 128])
def test_axes_of_an_ellipse(spacing, angle):
    found = diameters(ellipse(21.0, 12.0, angle, spacing), spacing_yx_mm=spacing)
    assert found.long_mm == pytest.approx(42.0, abs=max(spacing))
    assert found.short_mm == pytest.approx(24.0, abs=1.5 * max(spacing))


def test_long_axis_is_taken_in_the_slice_where_it_is_longest():
    mask = np.zeros((5, 20, 20), dtype=bool)
    mask[1, 3:8, 4] = True
    mask[3, 3, 2:15] = True
    found = diameters(mask, spacing_yx_mm=(1.0, 2.0))
    assert found.slice_index == 3
    assert found.long_mm == 12 * 2.0 + 2.0
    assert found.short_mm == 1.0
    assert sorted(x for _, x in found.ends_yx_mm) == [4.0, 28.0]


def test_a_single_voxel_has_the_size_of_a_voxel():
    mask = np.zeros((2, 4, 4), dtype=bool)
    mask[1, 2, 3] = True
    found = diameters(mask, spacing_yx_mm=(0.7, 0.9))
    assert (found.long_mm, found.short_mm) == (0.9, 0.7)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=30, unique=True))
def test_long_axis_is_the_largest_distance_between_voxels(voxels):
    mask = np.zeros((1, 10, 10), dtype=bool)
    mask[0][tuple(np.array(voxels).T)] = True
    found = diameters(mask, spacing_yx_mm=(1.3, 0.6))
    (ay, ax), (by, bx) = found.ends_yx_mm
    between = np.hypot(ay - by, ax - bx)
    assert between == pytest.approx(pdist(np.array(voxels) * np.array([1.3, 0.6])).max())
    assert 0.6 - 1e-9 <= found.long_mm - between <= 1.3 + 1e-9
    assert found.short_mm <= found.long_mm + 1.3


def test_short_axis_of_a_flat_triangle_is_its_height():
    mask = np.zeros((1, 40, 60), dtype=bool)
    for row in range(11):
        mask[0, 5 + row, 10 + 2 * row : 50 - 2 * row + 1] = True
    found = diameters(mask, spacing_yx_mm=(1.0, 1.0))
    assert (found.long_mm, found.short_mm) == (41.0, 11.0)
