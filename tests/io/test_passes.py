"""Several contrast passes in one series come apart."""

import shutil

import numpy as np
import pydicom
import pytest
from tests.broken_inputs import GRID, voxels
from tests.dicom_files import SERIES_UID, write_series
from tests.enhanced_ct import write_enhanced

from hepaphase.base.errors import DicomError
from hepaphase.io.dicom import choose, find_passes, read_pass, read_series

GRID_B = GRID.crop((1, 0, 0), (6, 7, 8))


def write_pass(folder, hu, k, *, grid=GRID, **elements):
    return write_series(folder / f"pass{k}", hu, grid, instances_from=100 * k, **elements)


def flatten(folder):
    """All files in one folder, under names that say nothing."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    for new, i in enumerate(np.random.default_rng(1).permutation(len(paths))):
        paths[i].rename(folder / f"I{new:05d}")
    return folder


HOW = {
    "acquisition number": lambda k: {"AcquisitionNumber": k + 1},
    "acquisition time": lambda k: {"AcquisitionTime": f"10{k:02d}00.25", "AcquisitionDate": "20200102"},
    "date and time in one": lambda k: {"AcquisitionDateTime": f"202001021{k}0000.5"},
    "content time": lambda k: {"ContentTime": f"10{k:02d}00"},
    "temporal position": lambda k: {"TemporalPositionIdentifier": k + 1},
    "order of instances": lambda k: {"AcquisitionNumber": None},
    "image type": lambda k: {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", f"E{k}"]},
    "kernel": lambda k: {"ConvolutionKernel": f"B{k}0f"},
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("shift_mm", [0.0, 1.25])
def test_three_passes_in_one_series_come_apart(how, shift_mm, tmp_path):
    """At the same places, or interleaved half a step apart, which looks like one evenly spaced volume."""
    volumes = [voxels() + 10 * k for k in range(3)]
    for k, hu in enumerate(volumes):
        grid = GRID if k != 1 else shifted(GRID, shift_mm)
        write_pass(tmp_path, hu, k, grid=grid, **HOW[how](k))
    contents = find_passes(flatten(tmp_path))
    assert [p.key for p in contents.passes] == ["3:1", "3:2", "3:3"]
    for k, p in enumerate(contents.passes):
        found = read_pass(p)
        np.testing.assert_array_equal(found.hu, volumes[k])
        assert found.geometry.matches(GRID if k != 1 else shifted(GRID, shift_mm)) and not found.notes


def shifted(grid, shift_mm):
    x, y, z = grid.origin_lps_mm
    return type(grid)(grid.shape_zyx, grid.spacing_xyz_mm, (x, y, z + shift_mm), grid.direction)


def test_positions_there_twice_are_told_apart_by_instance_when_each_is(tmp_path):
    """As perfusion scanners number them: both frames of a place after one another."""
    for k in range(2):
        for i, path in enumerate(write_pass(tmp_path, voxels() + 100 * k, k)):
            data = pydicom.dcmread(path)
            data.InstanceNumber = 2 * i + k + 1
            data.save_as(path)
    first, second = (read_pass(p).hu for p in find_passes(tmp_path).passes)
    np.testing.assert_array_equal(first, voxels())
    np.testing.assert_array_equal(second, voxels() + 100)


def test_one_pass_in_many_acquisitions_stays_whole(tmp_path):
    """Step and shoot gives every slice a number and a time of its own; two ranges of a body follow one another."""
    for k, path in enumerate(write_series(tmp_path / "a", voxels(), GRID)):
        data = pydicom.dcmread(path)
        data.AcquisitionNumber, data.AcquisitionTime = k + 1, f"1000{k:02d}"
        data.save_as(path)
    assert [p.num_slices for p in find_passes(tmp_path).passes] == [6]
    for k, path in enumerate(write_series(tmp_path / "a", voxels(), GRID)):
        data = pydicom.dcmread(path)
        data.AcquisitionNumber = 1 + (k < 3)
        data.save_as(path)
    assert [p.num_slices for p in find_passes(tmp_path).passes] == [6]


def test_numbers_that_an_exporter_shuffled_do_not_tear_a_pass(tmp_path):
    for path, number in zip(write_series(tmp_path, voxels(), GRID), (4, 1, 6, 2, 5, 3), strict=True):
        data = pydicom.dcmread(path)
        data.InstanceNumber = number
        data.save_as(path)
    np.testing.assert_array_equal(read_series(tmp_path)[0], voxels())


def test_passes_that_nothing_tells_apart_are_refused(tmp_path):
    for k in range(2):
        write_pass(tmp_path, voxels() + 100 * k, k, InstanceNumber=1)
    with pytest.raises(DicomError, match="Several slices at one position"):
        read_series(tmp_path)


def test_passes_are_named_by_key_and_have_their_times(tmp_path):
    write_pass(tmp_path, voxels(), 0, AcquisitionTime="235950", AcquisitionDate="20200102", AcquisitionNumber=1)
    write_pass(
        tmp_path,
        voxels() + 10,
        1,
        AcquisitionTime="000020.5",
        AcquisitionDate="20200103",
        ContrastBolusStartTime="235955",
        AcquisitionNumber=2,
    )
    contents = find_passes(tmp_path)
    plain, arterial = contents.passes
    assert (plain.scan_s, arterial.scan_s, plain.delay_s, arterial.delay_s) == (0.0, 30.5, None, 25.5)
    assert choose(contents, "3:2") is arterial and choose(contents, f"{SERIES_UID}:1") is plain
    with pytest.raises(DicomError, match=r"Series 3 holds 2 passes, name one of 3:1, 3:2"):
        choose(contents, "3")


def test_copies_are_dropped_and_said(tmp_path):
    write_series(tmp_path / "a", voxels(), GRID)
    shutil.copytree(tmp_path / "a", tmp_path / "again" / "a")
    write_series(tmp_path / "sent again", voxels(), GRID, uid="1.2.3", number=9)
    contents = find_passes(tmp_path)
    assert [p.key for p in contents.passes] == ["3"]
    assert sorted((item.why, item.num_files) for item in contents.left_out) == [("copy", 6), ("copy of series 3", 6)]


def test_one_identifier_for_two_pictures_is_refused(tmp_path):
    write_series(tmp_path / "a", voxels(), GRID)
    write_series(tmp_path / "b", voxels() + 50, GRID)
    with pytest.raises(DicomError, match="one identifier"):
        find_passes(tmp_path)


LEFT_OUT = {
    "localizer": {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
    "localizer by name": {"SeriesDescription": "Topogram 0.6 T20s"},
    "dose screen": {"ImageType": ["DERIVED", "SECONDARY", "OTHER", "DOSE"]},
    "dose screen by name": {"SeriesDescription": "Patient Protocol"},
    "dose screen as a capture": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
    "dose screen as a report": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.67"},
    "reformat": {"ImageType": ["DERIVED", "SECONDARY", "REFORMATTED", "AVERAGE"]},
    "reformat by name": {"ImageType": ["DERIVED", "SECONDARY"], "SeriesDescription": "COR 3mm"},
    "reformat that lies otherwise": {"ImageOrientationPatient": ["1", "0", "0", "0", "0", "-1"]},
    "projection": {"ImageType": ["DERIVED", "SECONDARY", "MIP"]},
    "bolus tracking": {"SeriesDescription": "PreMonitoring 5.0"},
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_what_is_no_pass_is_left_out_by_name(what, tmp_path):
    write_series(tmp_path / "a", voxels(), GRID)
    write_series(tmp_path / "other", voxels() + 7, GRID, uid="1.2.7", number=7, **LEFT_OUT[what])
    contents = find_passes(tmp_path)
    assert [p.key for p in contents.passes] == ["3"]
    (out,) = contents.left_out
    assert out.why.startswith(what.split()[0]) and out.num_files == 6 and out.what.startswith("series 7")
    with pytest.raises(DicomError, match=r"no CT series '7'.* Left out: 6 x "):
        choose(contents, "7")


def test_monitoring_scans_inside_a_series_are_strays(tmp_path):
    write_pass(tmp_path, voxels(), 0, AcquisitionNumber=1)
    for path in write_pass(tmp_path, voxels(), 1, AcquisitionNumber=2, ImageType=["ORIGINAL", "PRIMARY", "AXIAL", "M"]):
        data = pydicom.dcmread(path)
        data.ImagePositionPatient = ["0", "0", "0"]
        data.save_as(path)
    contents = find_passes(tmp_path)
    assert [p.key for p in contents.passes] == ["3"] and contents.left_out[0].why == "bolus tracking"


def test_an_axial_original_may_speak_of_reformats_in_its_name(tmp_path):
    write_series(tmp_path, voxels(), GRID, SeriesDescription="ART for MPR, cor")
    assert len(find_passes(tmp_path).passes) == 1


def test_one_enhanced_object_holds_several_passes(tmp_path):
    """Slope differs from frame to frame, order says nothing."""
    volumes = [2.0 * np.round(voxels() / 2), 2.0 * np.round(voxels() / 2) + 100]
    write_enhanced(tmp_path / "IM0", volumes, GRID)
    contents = find_passes(tmp_path)
    assert [(p.key, p.scan_s, p.kernel) for p in contents.passes] == [("3:1", 0.0, "B30f"), ("3:2", 3600.0, "B30f")]
    for p, hu in zip(contents.passes, volumes, strict=True):
        found = read_pass(p)
        np.testing.assert_array_equal(found.hu, hu)
        assert found.geometry.matches(GRID) and found.files == (tmp_path / "IM0",)
