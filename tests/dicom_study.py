"""A whole visit as a scanner sends it: one series with all passes, shuffled names, a localizer, a dose screen."""

from pathlib import Path

import numpy as np
from pydicom.uid import generate_uid
from tests.dicom_files import _slice

from hepaphase.study.study import Study

IDENTITY = {
    "PatientName": "Oberhuber^Walburga",
    "PatientID": "HB-4711-0815",
    "PatientBirthDate": "19440229",
    "AccessionNumber": "ACC778899",
    "InstitutionName": "Sankt Florian Klinik",
    "ReferringPhysicianName": "Quacksalber^Egon",
    "StudyDate": "20210305",
}
"""Whom the study names, in words that occur nowhere else."""
START_S = 9 * 3600.0


def write_study(folder: Path, study: Study, *, seed: int = 0, **elements: object) -> dict[str, str]:
    """Write every phase of ``study`` as an acquisition of one series; return the identifiers that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    uids = {"StudyInstanceUID": generate_uid(), "FrameOfReferenceUID": generate_uid()}
    series = generate_uid()
    images = []
    for number, volume in enumerate(study.phases.values(), start=1):
        clock = _clock(START_S + 60 + (volume.time_s or 0.0))
        for k, plane in enumerate(volume.hu):
            data = _slice(k, plane, volume.geometry, uid=series, number=2)
            data.AcquisitionNumber, data.AcquisitionTime = number, clock
            data.SeriesDescription = "Leber mehrphasig 3.0"
            if volume.time_s:
                data.ContrastBolusStartTime = _clock(START_S + 60)
            images.append(data)
    first = next(iter(study.phases.values()))
    images += [_localizer(first), _dose_screen(first)]
    names = np.random.default_rng(seed).permutation(len(images))
    for instance, (name, data) in enumerate(zip(names, images, strict=True), start=1):
        data.InstanceNumber = instance
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        for key, value in {**IDENTITY, **uids, **elements}.items():
            setattr(data, key, value)
        data.PatientSex, data.PatientAge = "F", "077Y"
        data.StudyTime, data.StudyID = "090000", "S1"
        data.AcquisitionDate = data.SeriesDate = IDENTITY["StudyDate"]
        data.save_as(folder / f"IM{name:05d}", enforce_file_format=True)
    return {**IDENTITY, **uids, "SeriesInstanceUID": series}


def _localizer(volume):
    data = _slice(0, volume.hu[0], volume.geometry, uid=generate_uid(), number=1)
    data.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    data.ImageOrientationPatient = ["1", "0", "0", "0", "0", "-1"]
    return data


def _dose_screen(volume):
    data = _slice(0, volume.hu[0], volume.geometry, uid=generate_uid(), number=501)
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    data.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    data.SeriesDescription = "Patient Protocol"
    for key in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope"):
        delattr(data, key)
    return data


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600):02d}{int(seconds % 3600 // 60):02d}{seconds % 60:09.6f}"
