"""Volumes between grids."""

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hepaphase.base.errors import ConfigError, GeometryError
from hepaphase.resample.grid import resample
from hepaphase.study.geometry import Geometry

SOURCE = Geometry((23, 31, 37), (0.8, 1.1, 2.5), (-17.0, 21.5, -480.25))


def ramp(geometry: Geometry) -> np.ndarray:
    """A value that grows linearly through the patient."""
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape_zyx), indexing="ij"), axis=-1)
    return (geometry.to_lps_mm(index) @ [1.0, -0.5, 0.25]).astype(np.float32)


def inside(shape_zyx, spacing_mm, angle=0.0) -> Geometry:
    """A grid in the middle of SOURCE, turned by ``angle`` about a skew axis."""
    turn = Rotation.from_rotvec(np.array([1.0, -0.4, 0.7]) * angle).as_matrix()
    middle = SOURCE.to_lps_mm((np.array(SOURCE.shape_zyx) - 1) / 2)
    origin = middle - turn @ (np.array(spacing_mm) * (np.array(shape_zyx[::-1]) - 1) / 2)
    return Geometry(shape_zyx, spacing_mm, tuple(origin), tuple(tuple(row) for row in turn))


@pytest.mark.parametrize("order", [0, 1])
def test_same_grid_changes_nothing(order):
    array = np.random.default_rng(0).normal(0, 300, SOURCE.shape_zyx).astype(np.float32)
    np.testing.assert_array_equal(resample(array, SOURCE, SOURCE, order=order), array)


@pytest.mark.parametrize("angle", [0.0, 1e-3, 0.4])
@pytest.mark.parametrize("spacing_mm", [(0.5, 0.7, 1.3), (1.6, 1.9, 2.5)])
def test_linear_ramp_stays_exact(angle, spacing_mm):
    target = inside((5, 7, 6), spacing_mm, angle)
    np.testing.assert_allclose(resample(ramp(SOURCE), SOURCE, target), ramp(target), atol=2e-3)


def test_reference_implementation_agrees_off_the_fast_path():
    """SimpleITK interpolates the same way, oblique or not."""
    array = np.random.default_rng(2).normal(0, 100, SOURCE.shape_zyx).astype(np.float32)
    for angle in (0.0, 0.5):
        target = inside((9, 8, 7), (0.5, 0.6, 1.1), angle)
        image = sitk_image(array, SOURCE)
        wanted = SimpleITK.Resample(image, sitk_image(np.zeros(target.shape_zyx, np.float32), target))
        found = resample(array, SOURCE, target)
        np.testing.assert_allclose(found, SimpleITK.GetArrayFromImage(wanted), atol=0.02)


def sitk_image(array: np.ndarray, geometry: Geometry) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing(geometry.spacing_xyz_mm)
    image.SetOrigin(geometry.origin_lps_mm)
    image.SetDirection(np.ravel(geometry.direction).tolist())
    return image


@given(axes=st.permutations(range(3)), flips=st.tuples(*[st.booleans()] * 3), order=st.sampled_from([0, 1]))
def test_reordered_and_flipped_axes_move_voxels_without_loss(axes, flips, order):
    array = np.random.default_rng(1).normal(0, 300, SOURCE.shape_zyx).astype(np.float32)
    flipped = tuple(slice(None, None, -1) if flip else slice(None) for flip in flips)
    wanted = array.transpose(axes)[flipped]
    np.testing.assert_array_equal(resample(array, SOURCE, turned(SOURCE, axes, flips), order=order), wanted)


def turned(geometry: Geometry, axes, flips) -> Geometry:
    """The grid of ``array.transpose(axes)`` with some axes then reversed."""
    columns = np.asarray(geometry.direction)[:, ::-1][:, axes]  # z, y, x columns in their new order
    spacing = np.array(geometry.spacing_zyx_mm)[list(axes)]
    shape = np.array(geometry.shape_zyx)[list(axes)]
    start = np.zeros(3)
    for new, flip in enumerate(flips):
        if flip:
            start[axes[new]] = shape[new] - 1
            columns[:, new] *= -1
    return Geometry(
        tuple(int(n) for n in shape),
        tuple(spacing[::-1]),
        tuple(geometry.to_lps_mm(start)),
        tuple(tuple(row) for row in columns[:, ::-1]),
    )


@given(
    start=st.tuples(*[st.integers(-9, 30)] * 3),
    size=st.tuples(*[st.integers(1, 40)] * 3),
    order=st.sampled_from([0, 1]),
)
def test_a_crop_is_copied_exactly_and_padded_outside(start, size, order):
    array = np.random.default_rng(0).normal(0, 300, SOURCE.shape_zyx).astype(np.float32)
    stop = tuple(np.add(start, size))
    padded = np.pad(array, 80, constant_values=-777)
    wanted = padded[tuple(slice(a + 80, b + 80) for a, b in zip(start, stop, strict=True))]
    found = resample(array, SOURCE, SOURCE.crop(start, stop), order=order, fill=-777)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("angle", [0.0, 0.02, 0.7])
def test_outside_is_filled_and_the_rim_is_not(angle):
    target = inside((60, 60, 60), (2.5, 2.5, 2.5), angle)
    found = resample(np.full(SOURCE.shape_zyx, 50.0, np.float32), SOURCE, target, fill=-1)
    index = np.stack(np.meshgrid(*map(np.arange, target.shape_zyx), indexing="ij"), axis=-1)
    at = SOURCE.to_index_zyx(target.to_lps_mm(index))
    clear = np.abs(np.abs(at - (np.array(SOURCE.shape_zyx) - 1) / 2) - np.array(SOURCE.shape_zyx) / 2).min(-1) > 1e-5
    covered = ((at >= -0.5) & (at < np.array(SOURCE.shape_zyx) - 0.5)).all(-1)
    np.testing.assert_allclose(found[covered & clear], 50.0, atol=1e-4)
    assert (found[~covered & clear] == -1).all() and (~covered).any()


@pytest.mark.parametrize(("order", "dtype", "fill"), [(1, np.float32, -1000), (0, np.uint8, 0), (0, np.uint16, 0)])
@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_grids_that_do_not_meet_give_only_fill(order, dtype, fill, angle):
    away = Geometry((3, 4, 5), (1.0, 1.0, 1.0), (900.0, 900.0, 900.0), inside((3, 4, 5), (1, 1, 1), angle).direction)
    found = resample(np.ones(SOURCE.shape_zyx, dtype), SOURCE, away, order=order)
    assert found.dtype == dtype and (found == fill).all()


@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_labels_stay_labels(angle):
    labels = np.random.default_rng(4).choice([0, 7, 300], SOURCE.shape_zyx).astype(np.uint16)
    found = resample(labels, SOURCE, inside((8, 9, 10), (1.3, 1.7, 3.1), angle), order=0)
    assert found.dtype == np.uint16 and set(np.unique(found)) == {0, 7, 300}


@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_coarse_grid_averages_noise_instead_of_sampling_it(angle):
    fine = Geometry((48, 64, 64), (0.7, 0.7, 0.7), (-22.0, 10.0, 300.0))
    noise = np.random.default_rng(5).normal(0, 100, fine.shape_zyx).astype(np.float32)
    turn = Rotation.from_rotvec([angle, 0, angle]).as_matrix()
    middle = fine.to_lps_mm((23.5, 31.5, 31.5))
    direction = tuple(tuple(row) for row in turn)
    coarse = Geometry((6, 7, 8), (2.8, 2.8, 2.8), tuple(middle - turn @ (2.8 * np.array([3.5, 3, 2.5]))), direction)
    found = resample(noise, fine, coarse)
    assert 4 < found.std() < 20  # plain linear sampling would leave 30 to 100
    assert abs(found.mean()) < 3


def test_coarse_grid_keeps_the_mass_of_a_small_bright_spot():
    """A lesion of one fine voxel must not vanish between coarse ones."""
    fine = Geometry((40, 40, 40), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    coarse = fine.with_spacing((4.0, 4.0, 4.0))
    for z in range(16, 24):
        spot = np.zeros(fine.shape_zyx, np.float32)
        spot[z, 20, 21] = 1000
        assert resample(spot, fine, coarse).sum() * 64 == pytest.approx(1000, rel=0.15)


def test_single_slice_can_be_resampled():
    thin = Geometry((1, 5, 6), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    plane = np.arange(30, dtype=np.float32).reshape(1, 5, 6)
    target = Geometry((2, 5, 6), (1.0, 1.0, 1.0), (0.0, 0.0, -0.5))
    np.testing.assert_array_equal(resample(plane, thin, target), np.repeat(plane, 2, axis=0))


def test_whole_number_input_gives_float32():
    found = resample(np.full(SOURCE.shape_zyx, 41, np.int16), SOURCE, inside((3, 3, 3), (1.0, 1.0, 1.0)))
    assert found.dtype == np.float32 and (found == 41).all()


def test_bad_arguments_are_refused():
    with pytest.raises(GeometryError, match=r"shape \(2, 3, 4\)"):
        resample(np.zeros((2, 3, 4), np.float32), SOURCE, SOURCE)
    with pytest.raises(ConfigError, match="got 3"):
        resample(np.zeros(SOURCE.shape_zyx, np.float32), SOURCE, SOURCE, order=3)
