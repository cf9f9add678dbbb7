"""One CT series in."""

import shutil

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.encaps import encapsulate
from pydicom.uid import EnhancedCTImageStorage, JPEG2000Lossless
from scipy import ndimage
from tests.broken_inputs import GRID, voxels
from tests.dicom_files import SERIES_UID, write_series
from tests.shared_data import shared_data

from hepaphase.base.errors import DicomError, InputError
from hepaphase.io.dicom import find_passes, read_series
from hepaphase.io.source import read_source
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase

OBLIQUE = Geometry(
    (6, 7, 8), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25), ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0))
)


@pytest.mark.parametrize("geometry", [GRID, OBLIQUE])
def test_series_comes_back_as_it_was_written(tmp_path, geometry):
    write_series(tmp_path, voxels(), geometry)
    hu, found, info = read_series(tmp_path)
    np.testing.assert_array_equal(hu, voxels())
    assert hu.dtype == np.float32 and geometry.corner_distance_mm(found) < 1e-4
    assert (info.uid, info.number, info.description, info.num_slices) == (SERIES_UID, 3, "LIVER 2.5", 6)
    assert (info.kvp, info.slice_thickness_mm, info.kernel) == (120.0, 2.5, "B30f")
    assert info.contrast_agent == "iohexol 350"
    assert [int(pydicom.dcmread(path).InstanceNumber) for path in info.files] == [1, 2, 3, 4, 5, 6]


def test_nothing_of_the_patient_is_kept(tmp_path):
    write_series(tmp_path, voxels(), GRID)
    assert "Doe" not in repr(read_series(tmp_path)[2])


@pytest.mark.parametrize("name", ["tcga-ov_09-2043_dicom", "cptac-pda_C3L-00189_dicom", "dcmqi_liver_seg/ct-3slice"])
def test_real_series_agrees_with_simpleitk(name):
    folder = shared_data(name)
    hu, geometry, info = read_series(folder)
    names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    image = SimpleITK.ReadImage(names)
    assert [str(path) for path in info.files] == list(names)
    np.testing.assert_array_equal(hu, np.maximum(SimpleITK.GetArrayFromImage(image), -1024))
    last = tuple(n - 1 for n in geometry.shape_zyx)
    for index in [(0, 0, 0), (0, 0, last[2]), (0, last[1], 0), last]:
        itk_mm = image.TransformIndexToPhysicalPoint(index[::-1])
        np.testing.assert_allclose(geometry.to_lps_mm(index), itk_mm, atol=1e-3)


def test_padding_becomes_air_and_nothing_lies_below(tmp_path):
    hu = voxels()
    hu[:, :2] = 4000  # stored as 2512, called padding
    hu[:, 6] = -3024  # padding that the header does not name
    write_series(tmp_path, hu, GRID, PixelPaddingValue=2512)
    found = read_series(tmp_path)[0]
    assert (found[:, :2] == -1024).all() and (found[:, 6] == -1024).all()
    np.testing.assert_array_equal(found[:, 2:6], hu[:, 2:6])


def test_padding_may_be_a_range(tmp_path):
    write_series(tmp_path, voxels(), GRID, PixelPaddingValue=-2000, PixelPaddingRangeLimit=512)  # up to 0 HU
    assert (read_series(tmp_path)[0] == np.where(voxels() <= 0, -1024, voxels())).all()


def test_localizers_and_foreign_files_are_left_out(tmp_path):
    write_series(tmp_path / "axial", voxels(), GRID)
    write_series(tmp_path / "scout", voxels()[:1], GRID, uid="1.2.3", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    write_series(tmp_path / "seg", voxels()[:1], GRID, uid="1.2.4", SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4")
    (tmp_path / "LICENSE.txt").write_text("free")
    (tmp_path / ".hidden.dcm").write_text("not DICOM")
    contents = find_passes(tmp_path)
    assert [found.num_slices for found in contents.passes] == [6]
    assert sorted(item.why for item in contents.left_out) == ["CT", "localizer"] and len(contents.segs) == 1
    assert read_series(tmp_path)[2].num_slices == 6


def test_series_with_one_number_are_told_apart_by_uid(tmp_path):
    write_series(tmp_path / "a", voxels(), GRID, uid="1.2.3")
    write_series(tmp_path / "b", voxels() + 2, GRID, uid="1.2.4")
    with pytest.raises(DicomError, match="2 series have number 3"):
        read_series(tmp_path, series="3")
    np.testing.assert_array_equal(read_series(tmp_path, series="1.2.4")[0], voxels() + 2)


def test_files_can_be_given_one_by_one(tmp_path):
    paths = write_series(tmp_path, voxels(), GRID)
    assert read_series(paths[:3])[0].shape == (3, 7, 8)
    with pytest.raises(InputError, match="the 0 files given"):
        read_series([])


def rewrite(path, **elements):
    data = pydicom.dcmread(path)
    for key, value in elements.items():
        if value is None:
            delattr(data, key)
        else:
            setattr(data, key, value)
    data.save_as(path)


@pytest.mark.parametrize(
    ("elements", "says"),
    [
        ({"RescaleIntercept": None}, "no rescale slope or intercept"),
        ({"RescaleType": "MGML"}, "is in MGML, not in HU"),
        ({"ImagePositionPatient": None}, "where it lies .* lacks ImagePositionPatient"),
        ({"ImageOrientationPatient": None, "Rows": None}, "lacks ImageOrientationPatient, Rows"),
        ({"PixelSpacing": ["0", "0"]}, "where it lies"),
        ({"PixelData": b"\0" * 10}, "voxels of .* cannot be read"),
        ({"SOPClassUID": EnhancedCTImageStorage}, "where it lies"),
    ],
)
def test_one_slice_that_cannot_be_is_refused(tmp_path, elements, says):
    rewrite(write_series(tmp_path, voxels(), GRID)[3], **elements)
    with pytest.raises(DicomError, match=says) as caught:
        read_series(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["text", "cut"])
def test_damaged_file_is_refused_by_name(tmp_path, damage):
    path = write_series(tmp_path, voxels(), GRID)[2]
    path.write_bytes(b"see the other folder" if damage == "text" else path.read_bytes()[:700])
    with pytest.raises(DicomError, match=path.name):
        read_series(tmp_path)


def test_compression_nobody_can_decode_is_named(tmp_path):
    path = write_series(tmp_path, voxels(), GRID)[2]
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = JPEG2000Lossless
    data.PixelData = encapsulate([b"\xff\x4f\xff\x51 no picture"])
    data.save_as(path)
    with pytest.raises(DicomError, match=r"compressed \(JPEG 2000.*Export it uncompressed"):
        read_series(tmp_path)


def test_compressed_series_reads_like_the_plain_one(tmp_path):
    """With whichever decoder is there; run-length needs none."""
    plain = write_series(tmp_path / "plain", voxels(), GRID)
    shutil.copytree(tmp_path / "plain", tmp_path / "packed")
    for path in plain:
        data = pydicom.dcmread(path)
        data.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
        data.save_as(tmp_path / "packed" / path.name)
    np.testing.assert_array_equal(read_series(tmp_path / "packed")[0], voxels())


def test_tilted_gantry_and_wider_steps_come_in_straight_and_say_so(tmp_path):
    """A ramp along the patient's y axis keeps its value at every place, however the stack leans."""
    grid = Geometry((12, 20, 18), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))
    y_mm = grid.to_lps_mm([(0, j, 0) for j in range(20)])[:, 1]
    for k, path in enumerate(write_series(tmp_path, np.zeros(grid.shape_zyx), grid)):
        data = pydicom.dcmread(path)
        lean_mm, z_mm = 0.6 * k, 2.5 * k + 2.5 * max(k - 5, 0)
        data.ImagePositionPatient = ["-110", f"{35.5 + lean_mm:.3f}", f"{-720.25 + z_mm:.3f}"]
        plane = np.broadcast_to((10 * (y_mm + lean_mm))[:, None], (20, 18))
        data.PixelData = np.round((plane + 1024) / 2).astype("<i2").tobytes()
        data.save_as(path)
    study = read_source(tmp_path, phases={Phase.PVP: None})
    volume = study.phase(Phase.PVP)
    assert "tilted gantry" in " ".join(study.warnings) and "2.50 to 5.00 mm apart" in " ".join(study.warnings)
    seen = volume.hu > -1000
    places = volume.geometry.to_lps_mm(np.argwhere(seen))
    inner = ndimage.binary_erosion(seen, iterations=2)[seen]  # the rim mixes with what was not scanned
    np.testing.assert_allclose(volume.hu[seen][inner], 10 * places[inner, 1], atol=2.5)
    assert inner.sum() > 1500


def test_series_without_numbers_or_times_is_read(tmp_path):
    """What anonymizers leave."""
    gone = dict.fromkeys(["SeriesNumber", "AcquisitionNumber", "SeriesDescription", "KVP", "ContrastBolusAgent"])
    for path in write_series(tmp_path, voxels(), GRID):
        rewrite(path, **gone)
    hu, _, info = read_series(tmp_path)
    np.testing.assert_array_equal(hu, voxels())
    assert (info.number, info.key, info.kvp, info.delay_s, info.scan_s) == (None, "", None, None, None)


def test_slices_without_a_kind_are_named_so(tmp_path):
    for path in write_series(tmp_path, voxels(), GRID):
        rewrite(path, SOPClassUID=None)
    with pytest.raises(DicomError, match="found 6 x CT without SOPClassUID"):
        read_series(tmp_path)
