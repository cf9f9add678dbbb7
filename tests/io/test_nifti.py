"""NIfTI in and out."""

import numpy as np
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hepaphase.io.nifti import read_nifti, write_nifti
from hepaphase.study.geometry import Geometry

GRID = Geometry((4, 5, 6), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    """Oblique, flipped, far from the origin, small."""
    shape = draw(st.tuples(*[st.integers(1, 7)] * 3))
    spacing = draw(st.tuples(*[st.floats(0.3, 8.0)] * 3))
    origin = draw(st.tuples(*[st.floats(-900.0, 900.0)] * 3))
    turn = Rotation.from_rotvec(draw(st.tuples(*[st.floats(-3.1, 3.1)] * 3))).as_matrix()
    if draw(st.booleans()):
        turn = np.round(Rotation.from_euler("xyz", [90 * draw(st.integers(0, 3)), 0, 90], degrees=True).as_matrix())
    flips = draw(st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3))
    direction = tuple(tuple(float(v) for v in row) for row in turn * np.array(flips))
    return Geometry(shape, spacing, origin, direction)


def voxels(geometry: Geometry, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 300, geometry.shape_zyx).astype(np.float32)


@given(geometry=geometries())
def test_round_trip_keeps_every_voxel_and_corner(tmp_path_factory, geometry):
    path = tmp_path_factory.mktemp("nifti") / "PVP.nii.gz"
    hu = voxels(geometry)
    write_nifti(path, hu, geometry)
    again, found = read_nifti(path)
    np.testing.assert_array_equal(again, hu)
    assert geometry.corner_distance_mm(found) < 1e-3


@given(geometry=geometries())
def test_simpleitk_sees_the_same_volume_in_the_same_place(tmp_path_factory, geometry):
    path = tmp_path_factory.mktemp("itk") / "PVP.nii"
    hu = voxels(geometry)
    write_nifti(path, hu, geometry)
    image = SimpleITK.ReadImage(str(path))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), hu)
    z, y, x = (n - 1 for n in geometry.shape_zyx)
    for index in [(0, 0, 0), (x, 0, 0), (0, y, 0), (0, 0, z), (x, y, z)]:
        itk_mm = image.TransformIndexToPhysicalPoint(index)
        np.testing.assert_allclose(geometry.to_lps_mm(index[::-1]), itk_mm, atol=2e-3)
