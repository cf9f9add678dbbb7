"""Voxels are where the geometry says, in any orientation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hepaphase.base.errors import GeometryError
from hepaphase.study.geometry import Geometry


def rotation(vector: np.ndarray) -> np.ndarray:
    """The rotation of a quaternion given as any four numbers."""
    w, x, y, z = vector / np.linalg.norm(vector)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


quaternions = arrays(float, 4, elements=st.floats(-1, 1)).filter(lambda q: np.linalg.norm(q) > 0.1)
spacings = st.tuples(*[st.floats(0.3, 8)] * 3)
origins = st.tuples(*[st.floats(-500, 500)] * 3)
shapes = st.tuples(*[st.integers(1, 600)] * 3)


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    """Any grid a scanner could make, flipped ones included."""
    matrix = rotation(draw(quaternions)) * draw(st.sampled_from([1, -1]))
    affine = np.eye(4)
    affine[:3, :3] = matrix * draw(spacings)
    affine[:3, 3] = draw(origins)
    return Geometry.from_affine(draw(shapes), affine)


@given(geometries())
def test_affine_round_trip(geometry: Geometry) -> None:
    again = Geometry.from_affine(geometry.shape_zyx, geometry.affine_lps)
    assert geometry.corner_distance_mm(again) < 1e-6


@given(geometries(), arrays(float, (5, 3), elements=st.floats(-50, 700)))
def test_index_and_position_are_inverse(geometry: Geometry, index_zyx: np.ndarray) -> None:
    back = geometry.to_index_zyx(geometry.to_lps_mm(index_zyx))
    assert np.allclose(back, index_zyx, atol=1e-6)


@given(geometries())
def test_crop_keeps_voxels_in_place(geometry: Geometry) -> None:
    box = geometry.crop((-2, 1, 3), (4, 5, 9))
    assert np.allclose(box.to_lps_mm((2, 0, 0)), geometry.to_lps_mm((0, 1, 3)), atol=1e-6)


@given(geometries(), spacings)
def test_with_spacing_keeps_the_middle(geometry: Geometry, spacing: tuple[float, float, float]) -> None:
    other = geometry.with_spacing(spacing)
    middle = [g.to_lps_mm((np.asarray(g.shape_zyx) - 1) / 2) for g in (geometry, other)]
    assert np.allclose(*middle, atol=1e-6)


def test_axis_order_is_xyz_for_space_and_zyx_for_arrays() -> None:
    geometry = Geometry((4, 5, 6), (1.0, 2.0, 3.0), (10.0, 20.0, 30.0))
    assert np.allclose(geometry.to_lps_mm((1, 0, 0)), (10, 20, 33))
    assert np.allclose(geometry.to_lps_mm((0, 0, 1)), (11, 20, 30))
    assert geometry.spacing_zyx_mm == (3.0, 2.0, 1.0)


@pytest.mark.parametrize(
    ("shape", "spacing", "direction"),
    [
        ((0, 4, 4), (1.0, 1.0, 1.0), None),
        ((4, 4, 4), (1.0, 0.0, 1.0), None),
        ((4, 4, 4), (1.0, float("nan"), 1.0), None),
        ((4, 4, 4), (1.0, 1.0, 1.0), ((1.0, 0.2, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))),
    ],
)
def test_impossible_grids_are_refused(shape: tuple, spacing: tuple, direction: tuple | None) -> None:
    more = {} if direction is None else {"direction": direction}
    with pytest.raises(GeometryError):
        Geometry(shape, spacing, (0.0, 0.0, 0.0), **more)


def test_grids_are_compared_in_millimetres_at_the_far_corner() -> None:
    one = Geometry((100, 512, 512), (0.7, 0.7, 1.0), (0.0, 0.0, 0.0))
    near = Geometry((100, 512, 512), (0.700001, 0.7, 1.0), (0.0, 0.0, 0.0))
    far = Geometry((100, 512, 512), (0.701, 0.7, 1.0), (0.0, 0.0, 0.0))
    assert one.matches(near)
    assert not one.matches(far)
    with pytest.raises(GeometryError, match="The liver mask lies on another grid"):
        one.require(far, what="The liver mask")
