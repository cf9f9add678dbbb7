"""The DICOM files at a place, and what their headers say."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import MediaStorageDirectoryStorage

from ..base.errors import DicomError, InputError

BAD_VALUE = (AttributeError, KeyError, TypeError, ValueError, IndexError, OverflowError, NotImplementedError)
"""What reading a broken header raises."""

DIRECTORY = "DICOMDIR"

_TAGS = [
    "SOPClassUID", "SOPInstanceUID", "Modality", "ImageType", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber",
    "SeriesDescription", "ProtocolName", "KVP", "ContrastBolusAgent", "ContrastBolusStartTime", "SliceThickness",
    "ConvolutionKernel", "InstanceNumber", "AcquisitionNumber", "TemporalPositionIdentifier", "Rows", "Columns",
    "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "StudyDate", "AcquisitionDate",
    "AcquisitionTime", "AcquisitionDateTime", "ContentDate", "ContentTime", "NumberOfFrames", "PatientSex",
    "PatientAge", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
]  # fmt: skip
_HELPFUL = [
    "PatientSize", "PatientWeight", "ContrastBolusVolume", "ContrastFlowRate", "ContrastBolusIngredientConcentration",
]  # fmt: skip
"""Elements that help and are not needed: a file whose own cannot be decoded is not damaged for that."""


@dataclass(frozen=True, slots=True)
class Header:
    """One file and the elements of its header that we look at."""

    path: Path
    data: Any


def read_headers(source: Path | Sequence[Path]) -> list[Header]:
    """The DICOM objects below a folder, listed by a DICOMDIR, or among the files given, in order of file names.

    Raises:
        InputError: when there is no such place, or no DICOM file there.
        DicomError: when a file that claims to be DICOM is damaged, or the directory lists files that are not there.
    """
    headers = [header for path in _files(source) if (header := _read_header(path)) is not None]
    if not headers:
        raise InputError(
            f"There is no DICOM file in {say(source)}, nor a file named like a phase (NC.nii.gz, AP.nii.gz, ...)."
        )
    return headers


def say(source: Path | Sequence[Path]) -> str:
    """How messages to the user name what was given."""
    return f"'{source}'" if isinstance(source, Path) else f"the {len(source)} files given"


def text(data: Any, key: str) -> str:
    """An element as text, empty when it is absent."""
    value = data.get(key)
    return "" if value is None else str(value).strip()


def number(data: Any, key: str) -> float | None:
    """An element as a number, None when it is absent or empty."""
    value = data.get(key)
    return None if value is None or value == "" else float(value)


def _files(source: Path | Sequence[Path]) -> list[Path]:
    if not isinstance(source, Path):
        return list(source)
    if source.is_file() and source.name.upper() == DIRECTORY:
        return _listed(source)
    if not source.is_dir():
        raise InputError(f"There is no folder '{source}'.")
    return sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith("."))


def _listed(directory: Path) -> list[Path]:
    """The files that a DICOMDIR refers to (DICOM PS3.10 8), in any case of letters."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            records = pydicom.dcmread(directory).DirectoryRecordSequence
            listed = [record.ReferencedFileID for record in records if "ReferencedFileID" in record]
    except (OSError, EOFError, InvalidDicomError, *BAD_VALUE) as error:
        raise DicomError(f"'{directory}' is no readable DICOMDIR: {one_line(error)}.") from error
    beside = {
        str(path.relative_to(directory.parent)).upper(): path for path in directory.parent.rglob("*") if path.is_file()
    }
    names = [str(Path(*([parts] if isinstance(parts, str) else parts))).upper() for parts in listed]
    if gone := [name for name in names if name not in beside]:
        raise DicomError(
            f"'{directory}' lists {len(gone)} file(s) that are not there, such as {gone[0]}. Copy them too."
        )
    return sorted({beside[name] for name in names})


def _read_header(path: Path) -> Header | None:
    """The header of a DICOM file; None for a file that is none and does not claim to be one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities of other elements are not ours to report
            data = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS + _HELPFUL, force=_is_bare(path))
            if data.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
                return None
            for key in _TAGS:  # elements are decoded on first use: what cannot be decoded must show here
                data.get(key)
    except InvalidDicomError as error:
        if path.suffix.lower() == ".dcm":
            raise DicomError(f"'{path}' is not DICOM, whatever its name says. Remove or replace it.") from error
        return None
    except (OSError, EOFError, *BAD_VALUE) as error:
        raise DicomError(f"'{path}' is damaged: {one_line(error)}.") from error
    return Header(path, data)


def _is_bare(path: Path) -> bool:
    """Whether a file without DICOM's preamble begins like the bare data set that old exporters write: group 2 or 8."""
    with path.open("rb") as file:
        start = file.read(132)
    group, element = start[:2], start[2:4]
    return (
        len(start) == 132
        and start[128:] != b"DICM"
        and group in (b"\x02\x00", b"\x08\x00")
        and element < b"\x80\x00"
        and (start[4:6].isalpha() or start[6:8] == b"\x00\x00")
    )


def one_line(error: BaseException) -> str:
    """What an error of a library says, in one line of bounded length."""
    return " ".join(str(error).split())[:160] or type(error).__name__
