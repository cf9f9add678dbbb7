"""One multi-frame enhanced CT object, written for tests."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedCTImageStorage
from tests.dicom_files import SERIES_UID, _numbers, _slice

from hepaphase.study.geometry import Geometry


def write_enhanced(path: Path, volumes: list[np.ndarray], geometry: Geometry, *, seed: int = 0) -> None:
    """All passes of one visit as frames of one object, in shuffled order, told apart by temporal position."""
    frames = [(t, k) for t in range(len(volumes)) for k in range(geometry.shape_zyx[0])]
    order = [frames[i] for i in np.random.default_rng(seed).permutation(len(frames))]
    data = _slice(0, volumes[0][0], geometry, uid=SERIES_UID, number=3)
    for key in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept",
                "RescaleType", "AcquisitionNumber", "ConvolutionKernel", "SliceThickness"):  # fmt: skip
        delattr(data, key)
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = EnhancedCTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = f"{SERIES_UID}.99"
    data.NumberOfFrames = len(order)
    data.InstanceNumber = 1
    direction = np.asarray(geometry.direction)
    x_mm, y_mm, _ = geometry.spacing_xyz_mm
    data.SharedFunctionalGroupsSequence = Sequence(
        [
            group(
                PlaneOrientationSequence={"ImageOrientationPatient": _numbers([*direction[:, 0], *direction[:, 1]])},
                PixelMeasuresSequence={"PixelSpacing": _numbers([y_mm, x_mm]), "SliceThickness": "2.5"},
                CTReconstructionSequence={"ConvolutionKernel": "B30f"},
            )
        ]
    )
    data.PerFrameFunctionalGroupsSequence = Sequence([_frame(t, k, geometry) for t, k in order])
    stored = np.stack([np.round((volumes[t][k] + 1024) / (1 + t)) for t, k in order])
    data.PixelData = stored.astype("<i2").tobytes()
    data.save_as(path, enforce_file_format=True)


def group(**sequences: dict[str, object]) -> Dataset:
    """A data set of one-item sequences."""
    item = Dataset()
    for name, elements in sequences.items():
        inner = Dataset()
        for key, value in elements.items():
            setattr(inner, key, value)
        setattr(item, name, Sequence([inner]))
    return item


def _frame(t: int, k: int, geometry: Geometry) -> Dataset:
    return group(
        PlanePositionSequence={"ImagePositionPatient": _numbers(geometry.to_lps_mm((k, 0, 0)))},
        PixelValueTransformationSequence={
            "RescaleSlope": str(1 + t),
            "RescaleIntercept": "-1024",
            "RescaleType": "HU",
        },
        FrameContentSequence={
            "TemporalPositionIndex": t + 1,
            "FrameAcquisitionNumber": t + 1,
            "FrameAcquisitionDateTime": f"20200102{9 + t:02d}0000",
        },
        CTImageFrameTypeSequence={"FrameType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]},
    )
