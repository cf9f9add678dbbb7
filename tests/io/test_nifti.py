"""NIfTI in and out."""

import gzip
import logging
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from tests.shared_data import shared_data

from hepaphase.base.errors import ConfigError, GeometryError, HepaphaseError, InputError, VolumeError
from hepaphase.io.nifti import is_nifti, read_description, read_mask, read_nifti, write_nifti, write_part
from hepaphase.resample.crop import Box, paste
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


AFFINE = np.array([[-0.7, 0, 0, 110.0], [0, -0.8, 0, -35.5], [0, 0, 2.5, -720.25], [0, 0, 0, 1]])
"""What GRID is in RAS."""


def save(path: Path, stored: np.ndarray, **header) -> Path:
    """A file as another program would write it; ``stored`` is (z, y, x)."""
    kind = header.pop("kind", nib.Nifti1Image)
    image = kind(stored.T, header.pop("affine", AFFINE), header.pop("header", None))
    image.set_sform(header.pop("sform", AFFINE), code=header.pop("s_code", 1))
    image.set_qform(header.pop("qform", AFFINE), code=header.pop("q_code", 1))
    image.header["xyzt_units"] = header.pop("units", 2)
    if "slope" in header:
        image.header.set_slope_inter(header.pop("slope"), header.pop("intercept"))
    assert not header
    nib.save(image, path)
    return path


def counts(dtype: str) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 120, GRID.shape_zyx).astype(dtype)


@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i2", "<u2", "<i4", ">i4", "<u4", "<f4", ">f4", "<f8", ">f8"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_every_number_type_and_byte_order(tmp_path, dtype, kind):
    header = kind.header_class(endianness=">" if dtype[0] == ">" else "<")
    header.set_data_dtype(dtype)
    hu, geometry = read_nifti(save(tmp_path / "a.nii.gz", counts(dtype), kind=kind, header=header))
    assert hu.dtype == np.float32 and hu.dtype.isnative and hu.flags.c_contiguous
    np.testing.assert_array_equal(hu, counts(dtype))
    assert geometry.corner_distance_mm(GRID) < 1e-4


def test_scale_and_offset_of_the_header_are_applied(tmp_path):
    stored = counts("i2")
    image = nib.Nifti1Image(stored.T, AFFINE)
    image.to_filename(tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[112:120] = np.array([2.5, -1024.0], "<f4").tobytes()  # scl_slope, scl_inter
    (tmp_path / "a.nii").write_bytes(content)
    np.testing.assert_allclose(read_nifti(tmp_path / "a.nii")[0], stored * 2.5 - 1024, rtol=1e-6)


def test_one_frame_counts_as_a_volume(tmp_path):
    stored = counts("i2")[None]
    np.testing.assert_array_equal(read_nifti(save(tmp_path / "a.nii.gz", stored))[0], stored[0])


def test_qform_serves_where_there_is_no_sform(tmp_path):
    path = save(tmp_path / "a.nii.gz", counts("i2"), sform=np.diag([9.0, 9, 9, 1]), s_code=0)
    assert read_nifti(path)[1].corner_distance_mm(GRID) < 1e-3


def test_sform_serves_where_there_is_no_qform(tmp_path):
    path = save(tmp_path / "a.nii.gz", counts("i2"), q_code=0)
    assert read_nifti(path)[1].corner_distance_mm(GRID) < 1e-3


def test_qform_serves_where_the_sform_leads_to_a_template(tmp_path, caplog):
    path = save(tmp_path / "a.nii.gz", counts("i2"), sform=np.diag([2.0, 2, 2, 1]), s_code=4)
    with caplog.at_level(logging.WARNING):
        assert read_nifti(path)[1].corner_distance_mm(GRID) < 1e-3
    assert "standard space" in caplog.text


def test_volume_without_a_place_is_a_doubt(tmp_path, caplog):
    path = save(tmp_path / "a.nii.gz", counts("i2"), s_code=0, q_code=0)
    with caplog.at_level(logging.WARNING):
        assert read_nifti(path)[1].spacing_xyz_mm == pytest.approx(GRID.spacing_xyz_mm)
    assert "does not say where the patient lies" in caplog.text


@pytest.mark.parametrize(("shift_mm", "outcome"), [(0.3, "silent"), (1.0, "doubt"), (3.0, "refused")])
def test_sform_against_qform_is_judged_in_millimetres(tmp_path, caplog, shift_mm, outcome):
    qform = AFFINE.copy()
    qform[0, 3] += shift_mm
    path = save(tmp_path / "a.nii.gz", counts("i2"), qform=qform)
    with caplog.at_level(logging.WARNING):
        if outcome == "refused":
            with pytest.raises(GeometryError, match=r"3\.0 mm apart"):
                read_nifti(path)
            return
        assert read_nifti(path)[1].corner_distance_mm(GRID) < 1e-3
    assert ("1.00 mm apart" in caplog.text) == (outcome == "doubt")


@pytest.mark.parametrize(("units", "in_mm"), [(0, 1.0), (1, 1000.0), (2, 1.0), (3, 0.001)])
def test_units_of_length_are_heeded(tmp_path, units, in_mm):
    scale = np.diag([1 / in_mm] * 3 + [1.0])
    form = scale @ AFFINE
    path = save(tmp_path / "a.nii.gz", counts("i2"), affine=form, sform=form, qform=form, units=units)
    assert read_nifti(path)[1].corner_distance_mm(GRID) < 1e-2


@pytest.mark.parametrize(
    ("array", "stored"),
    [
        (np.full(GRID.shape_zyx, 40.25, np.float32), "float32"),
        (np.full(GRID.shape_zyx, -1024.0, np.float32), "int16"),
        (np.full(GRID.shape_zyx, 40000.0, np.float64), "float32"),
        (np.full(GRID.shape_zyx, True), "uint8"),
        (np.full(GRID.shape_zyx, 300, np.uint16), "uint16"),
    ],
)
def test_written_type_loses_nothing(tmp_path, array, stored):
    write_nifti(tmp_path / "a.nii.gz", array, GRID)
    assert nib.load(tmp_path / "a.nii.gz").get_data_dtype() == stored
    np.testing.assert_array_equal(read_nifti(tmp_path / "a.nii.gz")[0], array)


def test_description_marks_the_file(tmp_path):
    write_nifti(tmp_path / "a.nii.gz", voxels(GRID), GRID, description="SYNTHETIC AP é")
    assert read_description(tmp_path / "a.nii.gz") == "SYNTHETIC AP é"
    write_nifti(tmp_path / "a.nii.gz", voxels(GRID), GRID)
    assert read_description(tmp_path / "a.nii.gz") == ""


def test_same_array_gives_same_bytes(tmp_path):
    for name in ("one.nii.gz", "two.nii.gz"):
        write_nifti(tmp_path / name, voxels(GRID), GRID)
    assert (tmp_path / "one.nii.gz").read_bytes() == (tmp_path / "two.nii.gz").read_bytes()


@pytest.mark.parametrize(
    ("name", "array", "description", "error"),
    [
        ("a.mha", voxels(GRID), "", ConfigError),
        ("a.nii.gz", voxels(GRID), "x" * 80, ConfigError),
        ("a.nii.gz", voxels(GRID)[1:], "", GeometryError),
        ("a.nii.gz", np.full(GRID.shape_zyx, np.inf), "", VolumeError),
        ("a.nii.gz", np.full(GRID.shape_zyx, 1j), "", VolumeError),
    ],
)
def test_what_cannot_be_written_leaves_the_old_file(tmp_path, name, array, description, error):
    (tmp_path / name).write_bytes(b"old")
    with pytest.raises(error):
        write_nifti(tmp_path / name, array, GRID, description=description)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"old"


@pytest.mark.parametrize(
    ("stored", "dtype"),
    [(counts("u1"), "uint8"), (counts("f8"), "uint8"), (counts("i4") * 500, "uint16"), (counts(">f4"), "uint8")],
)
def test_mask_comes_out_in_small_integers(tmp_path, stored, dtype):
    mask, geometry = read_mask(save(tmp_path / "liver.nii.gz", stored))
    assert mask.dtype == dtype and mask.flags.c_contiguous and geometry.corner_distance_mm(GRID) < 1e-4
    np.testing.assert_array_equal(mask, stored)


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        (counts("f4") + 0.5, "fractions"),
        (counts("i2") - 200, "0 to 65535"),
        (counts("i4") * 10000, "0 to 65535"),
        (counts("f4") * np.nan, "0 to 65535"),
    ],
)
def test_what_is_no_mask_is_refused(tmp_path, stored, says):
    with pytest.raises(VolumeError, match=says):
        read_mask(save(tmp_path / "liver.nii.gz", stored))


@pytest.mark.parametrize("read", [read_nifti, read_mask, read_description])
@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.dcm", "b.nii.gz"])
def test_missing_and_foreign_files_are_refused(tmp_path, read, name):
    (tmp_path / "a.dcm").write_bytes(b"not a volume")
    with pytest.raises(InputError, match=r"no file|not named like"):
        read(tmp_path / name)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_of_a_header_gets_past_as_anything_but_our_errors(tmp_path_factory, capfd, data):
    path = tmp_path_factory.mktemp("damaged") / "a.nii"
    write_nifti(path, voxels(GRID), GRID)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 351))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        hu, geometry = read_nifti(path)
    except HepaphaseError as error:
        assert "\n" not in str(error)
        assert capfd.readouterr().err == ""
    else:
        assert np.isfinite(hu).all() and hu.shape == geometry.shape_zyx


def test_names_of_nifti_files():
    assert is_nifti(Path("A.NII.GZ")) and is_nifti(Path("x/y.nii")) and not is_nifti(Path("y.nii.gz.part"))


def test_real_volume_agrees_with_simpleitk():
    path = shared_data("totalsegmentator_example/example_ct_sm.nii.gz")
    hu, geometry = read_nifti(path)
    image = SimpleITK.ReadImage(str(path))
    np.testing.assert_allclose(hu, SimpleITK.GetArrayFromImage(image), atol=1e-3)
    np.testing.assert_allclose(geometry.origin_lps_mm, image.GetOrigin(), atol=1e-3)
    np.testing.assert_allclose(np.ravel(geometry.direction), image.GetDirection(), atol=1e-5)
    np.testing.assert_allclose(geometry.spacing_xyz_mm, image.GetSpacing(), atol=1e-5)


@pytest.mark.parametrize(("kind", "fill"), [(np.uint8, 0), (np.int16, -1024)])
def test_a_part_is_written_as_the_whole_would_be(kind: type, fill: int, tmp_path: Path) -> None:
    box = Box((1, 2, 3), (3, 4, 6))
    part = np.random.default_rng(0).integers(1, 100, box.shape_zyx).astype(kind)
    whole = paste(part, box, shape_zyx=GRID.shape_zyx, fill=fill)
    for suffix in (".nii", ".nii.gz"):
        one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
        write_nifti(one, whole, GRID, description="a part")
        write_part(two, part, box, GRID, fill=fill, description="a part")
        opened = gzip.open if suffix.endswith("gz") else open
        with opened(one, "rb") as first, opened(two, "rb") as second:
            assert first.read() == second.read()


def test_a_part_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    part = np.zeros((2, 2, 3), np.uint8)
    for box in (Box((1, 2, 3), (3, 4, 7)), Box((-1, 2, 3), (1, 4, 6)), Box((1, 2, 3), (2, 4, 6))):
        with pytest.raises(GeometryError, match="do not fit"):
            write_part(tmp_path / "part.nii", part, box, GRID)
    with pytest.raises(VolumeError, match="integers"):
        write_part(tmp_path / "part.nii", part.astype(np.float32), Box((1, 2, 3), (3, 4, 6)), GRID)
    assert not list(tmp_path.iterdir())
