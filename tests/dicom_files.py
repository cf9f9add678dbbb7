"""Small DICOM series, written for tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from hepaphase.study.geometry import Geometry

SERIES_UID = "1.2.826.0.1.3680043.8.498.1"


def write_series(
    folder: Path,
    hu: np.ndarray,
    geometry: Geometry,
    *,
    uid: str = SERIES_UID,
    number: int = 3,
    instances_from: int = 0,
    **elements: Any,
) -> list[Path]:
    """One file per slice of a (z, y, x) volume, in shuffled file names; ``elements`` override the header."""
    folder.mkdir(parents=True, exist_ok=True)
    names = np.random.default_rng(0).permutation(len(hu))
    paths = []
    for k, plane in enumerate(hu):
        path = folder / f"{names[k]:04d}.dcm"
        data = _slice(k, plane, geometry, uid=uid, number=number)
        data.InstanceNumber = k + 1 + instances_from
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"{uid}.{k + 1 + instances_from}"
        for key, value in elements.items():
            setattr(data, key, value)
        data.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def _slice(k: int, plane: np.ndarray, geometry: Geometry, *, uid: str, number: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    data = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    direction = np.asarray(geometry.direction)
    x_mm, y_mm, _ = geometry.spacing_xyz_mm
    data.SOPClassUID = CTImageStorage
    data.SeriesInstanceUID = uid
    data.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.9"
    data.SeriesNumber = number
    data.AcquisitionNumber = 1
    data.Modality = "CT"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.SeriesDescription = "LIVER 2.5"
    data.PatientName = "Doe^Jane"
    data.KVP = "120"
    data.ConvolutionKernel = "B30f"
    data.ContrastBolusAgent = "iohexol 350"
    data.SliceThickness = "2.5"
    data.ImageOrientationPatient = _numbers([*direction[:, 0], *direction[:, 1]])
    data.ImagePositionPatient = _numbers(geometry.to_lps_mm((k, 0, 0)))
    data.PixelSpacing = _numbers([y_mm, x_mm])
    data.Rows, data.Columns = plane.shape
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit = 15
    data.PixelRepresentation = 1
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = "2", "-1024", "HU"
    data.PixelData = np.round((plane + 1024) / 2).astype("<i2").tobytes()
    return data


def _numbers(values: Sequence[float]) -> list[str]:
    return [f"{value:.10g}"[:16] for value in values]
