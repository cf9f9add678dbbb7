"""Masks in DICOM SEG."""

import numpy as np
import pydicom
import pytest
from tests.dicom_files import _numbers, _slice
from tests.enhanced_ct import group
from tests.shared_data import shared_data

from hepaphase.base.errors import DicomError
from hepaphase.io.dicom import read_series
from hepaphase.io.seg import named_masks, read_seg
from hepaphase.io.source import read_source
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase

SEG = "1.2.840.10008.5.1.4.1.1.66.4"
GRID = Geometry((5, 8, 16), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25), ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0, 0, 1.0)))


def write_seg(path, masks, geometry, codes, *, kind="BINARY"):
    """``masks`` (segment, z, y, x); empty planes are left out and frames are shuffled, as makers of SEG do."""
    frames = [(s, k) for s, mask in enumerate(masks) for k in range(len(mask)) if mask[k].any()]
    frames = [frames[i] for i in np.random.default_rng(2).permutation(len(frames))]
    data = _slice(0, masks[0][0].astype(float), geometry, uid="1.2.3", number=50)
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.3.1"
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SEG
    data.Modality, data.SegmentationType, data.NumberOfFrames = "SEG", kind, len(frames)
    for key in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(data, key)
    direction = np.asarray(geometry.direction)
    x_mm, y_mm, _ = geometry.spacing_xyz_mm
    data.SharedFunctionalGroupsSequence = [
        group(
            PlaneOrientationSequence={"ImageOrientationPatient": _numbers([*direction[:, 0], *direction[:, 1]])},
            PixelMeasuresSequence={"PixelSpacing": _numbers([y_mm, x_mm]), "SliceThickness": "2.5"},
        )
    ]
    data.PerFrameFunctionalGroupsSequence = [
        group(
            PlanePositionSequence={"ImagePositionPatient": _numbers(geometry.to_lps_mm((k, 0, 0)))},
            SegmentIdentificationSequence={"ReferencedSegmentNumber": s + 1},
        )
        for s, k in frames
    ]
    data.SegmentSequence = []
    for s, (label, code) in enumerate(codes):
        item = pydicom.Dataset()
        item.SegmentNumber, item.SegmentLabel = s + 1, label
        kind_code = pydicom.Dataset()
        kind_code.CodeValue, kind_code.CodingSchemeDesignator, kind_code.CodeMeaning = code, "SCT", label
        item.SegmentedPropertyTypeCodeSequence = [kind_code]
        data.SegmentSequence.append(item)
    stored = np.stack([masks[s][k] for s, k in frames]).astype(np.uint8)
    data.PixelRepresentation = 0
    if kind == "BINARY":
        data.BitsAllocated = data.BitsStored = 1
        data.HighBit = 0
        data.PixelData = np.packbits(stored.ravel(), bitorder="little").tobytes()
    else:
        data.BitsAllocated = data.BitsStored = 8
        data.HighBit, data.MaximumFractionalValue, data.SegmentationFractionalType = 7, 200, "PROBABILITY"
        data.PixelData = (stored * 150 + (1 - stored) * 60).astype(np.uint8).tobytes()
    data.save_as(path)


def masks(seed=0):
    found = np.random.default_rng(seed).random((3, *GRID.shape_zyx)) > 0.5
    found[:, 2] = False  # a plane that no segment has
    found[1, 0] = False
    return found


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
def test_segments_come_back_where_they_were(kind, tmp_path):
    names = [("Liver", "10200004"), ("a", "52988006"), ("Tumor 2", "x")]
    write_seg(tmp_path / "seg.dcm", masks(), GRID, names, kind=kind)
    segments = read_seg(tmp_path / "seg.dcm")
    assert [s.number for s in segments] == [1, 2, 3]
    for segment, mask in zip(segments, masks(), strict=True):
        assert segment.geometry.matches(GRID)
        np.testing.assert_array_equal(segment.mask, mask)
    named = named_masks(segments)
    assert set(named) == {"liver", "lesions"} and named["lesions"][0].dtype == np.uint16
    np.testing.assert_array_equal(named["lesions"][0], np.where(masks()[2], 2, masks()[1]))


def test_real_seg_overlays_its_ct():
    """The mask lies on the grid of the CT, and shifting or mirroring it makes it fit the liver worse."""
    hu, geometry, _ = read_series(shared_data("dcmqi_liver_seg/ct-3slice"))
    (segment,) = read_seg(shared_data("dcmqi_liver_seg/liver.dcm"))
    assert (segment.label, segment.kind, segment.code) == ("Liver", "Liver", "T-62000")
    assert geometry.corner_distance_mm(segment.geometry) < 1e-3
    mask = segment.mask > 0
    spread_hu = np.subtract(*np.percentile(hu[mask], [75, 25]))
    for wrong in (mask[:, ::-1], mask[:, :, ::-1], np.roll(mask, 40, axis=1), np.roll(mask, 40, axis=2)):
        assert np.subtract(*np.percentile(hu[wrong], [75, 25])) > 1.5 * spread_hu


def test_seg_beside_its_ct_is_the_mask_of_the_study():
    study = read_source(shared_data("dcmqi_liver_seg"), phases={Phase.PVP: None})
    mask, geometry = study.masks["liver"]
    assert mask.sum() == 107098 and geometry.matches(study.phase(Phase.PVP).geometry, tolerance_mm=1e-3)


def damage(path, how):
    data = pydicom.dcmread(path)
    if how == "not even":
        data.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient = [
            "-109",
            "36.6",
            "-717",
        ]
    elif how == "no positions":
        del data.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence
    elif how == "fewer headers":
        del data.PerFrameFunctionalGroupsSequence[0]
    elif how == "fewer voxels":
        data.PixelData = data.PixelData[:10]
    elif how == "no segments":
        del data.SegmentSequence
    data.save_as(path)


@pytest.mark.parametrize("how", ["not even", "no positions", "fewer headers", "fewer voxels", "no segments"])
def test_broken_seg_is_refused_in_one_line(how, tmp_path):
    write_seg(tmp_path / "seg.dcm", masks(), GRID, [("Liver", "10200004"), ("a", "b"), ("c", "d")])
    damage(tmp_path / "seg.dcm", how)
    with pytest.raises(DicomError, match=r"seg\.dcm' cannot be read as SEG") as caught:
        read_seg(tmp_path / "seg.dcm")
    assert "\n" not in str(caught.value)


def test_ct_is_no_seg():
    path = shared_data("dcmqi_liver_seg/ct-3slice/01.dcm")
    with pytest.raises(DicomError, match="no DICOM SEG but CT"):
        read_seg(path)
