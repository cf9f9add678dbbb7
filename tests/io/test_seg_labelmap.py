"""Label-map SEG (DICOM supplement 243) as highdicom writes it."""

from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from highdicom.seg import SegmentationTypeValues, SegmentDescription
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, RLELossless
from tests.dicom_files import write_series

from hepaphase.io.seg import named_masks, read_seg
from hepaphase.io.source import read_source
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase

GRIDS = (
    Geometry((5, 8, 16), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25), ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0, 0, 1.0))),
    Geometry((7, 12, 10), (1.5, 1.5, 3.0), (40.0, -80.0, 12.5)),
)
KINDS = ((1, "Liver", codes.SCT.Liver), (3, "Tumor 1", codes.SCT.Lesion), (7, "Tumor 2", codes.SCT.Lesion))
"""Numbers with gaps between them, as the supplement allows."""


def label_map(grid: Geometry) -> np.ndarray:
    """Labels (z, y, x); one plane is empty."""
    labels = np.random.default_rng(1).choice([0, 1, 3, 7], p=[0.4, 0.3, 0.2, 0.1], size=grid.shape_zyx).astype(np.uint8)
    labels[2] = 0
    return labels


def write_label_map(folder: Path, grid: Geometry, syntax: str) -> np.ndarray:
    """A CT and the SEG of its labels, with empty planes left out."""
    labels = label_map(grid)
    paths = write_series(folder, np.full(grid.shape_zyx, 40.0, np.float32), grid, **PATIENT)
    images = sorted((pydicom.dcmread(p) for p in paths), key=lambda d: d.InstanceNumber)
    seg = hd.seg.Segmentation(
        images,
        labels,
        SegmentationTypeValues.LABELMAP,
        [
            SegmentDescription(
                segment_number=number,
                segment_label=label,
                segmented_property_category=codes.SCT.Organ,
                segmented_property_type=kind,
                algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
            )
            for number, label, kind in KINDS
        ],
        series_instance_uid=hd.UID(),
        series_number=300,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="none",
        manufacturer_model_name="none",
        software_versions="1",
        device_serial_number="1",
        transfer_syntax_uid=syntax,
        omit_empty_frames=True,
    )
    seg.save_as(folder / "seg.dcm")
    return labels


PATIENT = {
    "PatientID": "1", "PatientBirthDate": "", "PatientSex": "", "AccessionNumber": "", "StudyDate": "", "StudyTime": "",
    "StudyID": "", "ReferringPhysicianName": "", "FrameOfReferenceUID": "1.2.3.4",
}  # fmt: skip


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
@pytest.mark.parametrize("grid", GRIDS)
def test_a_label_map_is_a_mask_per_label(grid: Geometry, syntax: str, tmp_path: Path) -> None:
    labels = write_label_map(tmp_path, grid, syntax)
    segments = read_seg(tmp_path / "seg.dcm")
    assert [s.number for s in segments] == [1, 3, 7]
    for segment in segments:
        assert segment.geometry.corner_distance_mm(grid) < 1e-3
        np.testing.assert_array_equal(segment.mask, labels == segment.number)
    lesions = named_masks(segments)["lesions"][0]
    np.testing.assert_array_equal(lesions, (labels == 3) + 2 * (labels == 7))


def test_a_label_map_beside_its_ct_is_the_mask_of_the_study(tmp_path: Path) -> None:
    labels = write_label_map(tmp_path, GRIDS[1], ExplicitVRLittleEndian)
    study = read_source(tmp_path, phases={Phase.PVP: None})
    mask, grid = study.masks["liver"]
    np.testing.assert_array_equal(mask, labels == 1)
    assert grid.matches(study.phase(Phase.PVP).geometry)
