"""One CT series in DICOM files to one volume."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage

from ..base.errors import DicomError, InputError
from ..base.log import logger
from ..study.geometry import Geometry
from ..study.study import HuArray, check_volume
from .slices import Slice, stack

PADDING_HU = -1024.0
"""What padding becomes, and the floor for all else, since many scanners pad without saying so (our choice: the least
value of a 12-bit CT scale)."""

_HEADER_TAGS = [
    "SOPClassUID", "Modality", "ImageType", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "KVP",
    "ContrastBolusAgent", "SliceThickness", "ConvolutionKernel", "InstanceNumber", "AcquisitionNumber", "Rows",
    "Columns", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient",
]  # fmt: skip
_BAD_VALUE = (AttributeError, KeyError, TypeError, ValueError, IndexError, OverflowError, NotImplementedError)

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """What a series says about itself, patient identity left out; empty or None where the header is silent."""

    uid: str
    number: int | None
    description: str
    num_slices: int
    kvp: float | None
    contrast_agent: str
    slice_thickness_mm: float | None
    kernel: str
    files: tuple[Path, ...]
    """In order of the slices of the volume once it was read; in order of names before."""

    def __str__(self) -> str:
        number = "no number" if self.number is None else f"number {self.number}"
        return f"{number} '{self.description}', {self.num_slices} slices, uid {self.uid}"


@dataclass(frozen=True, slots=True)
class _Header:
    path: Path
    data: Any


def find_series(source: Path | Sequence[Path]) -> list[SeriesInfo]:
    """The CT series among the files below a folder, or among ``source``; localizers and other objects are left out.

    Raises:
        InputError: when there is no such folder or no DICOM file.
        DicomError: when no file is a CT slice, or one is damaged.
    """
    return [_info(headers) for headers in _groups(source).values()]


def read_series(source: Path | Sequence[Path], *, series: str | None = None) -> tuple[HuArray, Geometry, SeriesInfo]:
    """The one CT series below a folder, or among files: float32 (z, y, x) HU, its grid, and what it says about itself.

    The z axis runs along the normal of the slices (row times column). Padding, and all below it, becomes
    -1024 HU.

    Args:
        source: A folder, searched with all below it, or the files themselves.
        series: UID or number of the series to read, when there are several.

    Raises:
        DicomError: when there are several series and none is named, a slice is missing or there twice, the series is
            no CT, is multi-frame, is not in HU, or is compressed in a way for which no decoder is installed.
        InputError: when there is no such folder or no DICOM file.
    """
    groups = _groups(source)
    headers = _choose(groups, series)
    order, geometry = stack([_slice(header) for header in headers])
    headers = [headers[i] for i in order]
    hu = np.empty(geometry.shape_zyx, dtype=np.float32)
    for index, header in enumerate(headers):
        hu[index] = _read_hu(header.path)
    check_volume(hu, geometry, what=f"Series {_info(headers)}")
    return hu, geometry, _info(headers)


def _groups(source: Path | Sequence[Path]) -> dict[str, list[_Header]]:
    """CT slices by series UID, in order of file names."""
    files = _files(source)
    headers = [header for path in files if (header := _read_header(path)) is not None]
    if not headers:
        raise InputError(
            f"There is no DICOM file in {_say(source)}, nor a file named like a phase (NC.nii.gz, AP.nii.gz, ...)."
        )
    groups: dict[str, list[_Header]] = {}
    other: dict[str, int] = {}
    for header in headers:
        if reason := _not_ct(header):
            other[reason] = other.get(reason, 0) + 1
        else:
            groups.setdefault(_text(header.data, "SeriesInstanceUID"), []).append(header)
    if not groups:
        found = ", ".join(f"{count} x {reason}" for reason, count in sorted(other.items()))
        raise DicomError(f"There is no CT slice in {_say(source)} (found {found}). Give a folder with one CT series.")
    if other:
        _log.info("Left out in %s: %s.", _say(source), other)
    return groups


def _files(source: Path | Sequence[Path]) -> list[Path]:
    if not isinstance(source, Path):
        return list(source)
    if not source.is_dir():
        raise InputError(f"There is no folder '{source}'.")
    return sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith("."))


def _say(source: Path | Sequence[Path]) -> str:
    return f"'{source}'" if isinstance(source, Path) else f"the {len(source)} files given"


def _read_header(path: Path) -> _Header | None:
    """The header of a DICOM file; None for a file that is none and does not claim to be one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities of other elements are not ours to report
            data = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_HEADER_TAGS)
    except InvalidDicomError as error:
        if path.suffix.lower() == ".dcm":
            raise DicomError(f"'{path}' is not DICOM, whatever its name says. Remove or replace it.") from error
        return None
    except (OSError, EOFError, *_BAD_VALUE) as error:
        raise DicomError(f"'{path}' is damaged: {error}.") from error
    return _Header(path, data)


def _not_ct(header: _Header) -> str:
    """Why this is not a slice of a CT volume; empty when it is one."""
    data = header.data
    kind = data.get("SOPClassUID")
    if kind == EnhancedCTImageStorage:
        return "multi-frame CT, which is not read yet"
    if kind != CTImageStorage:
        return str(data.get("Modality") or (kind.name if kind else "object without a kind"))
    return "localizer" if "LOCALIZER" in (data.get("ImageType") or []) else ""


def _choose(groups: dict[str, list[_Header]], series: str | None) -> list[_Header]:
    infos = {uid: _info(headers) for uid, headers in groups.items()}
    chosen = [uid for uid, info in infos.items() if series in (None, uid, str(info.number))]
    if len(chosen) == 1:
        return groups[chosen[0]]
    listing = "; ".join(str(info) for info in infos.values())
    if series is None:
        raise DicomError(f"There are {len(groups)} CT series, name one by its number or uid: {listing}.")
    if chosen:
        raise DicomError(f"{len(chosen)} series have number {series}, name one by its uid: {listing}.")
    raise DicomError(f"There is no CT series '{series}'. There are: {listing}.")


def _info(headers: Sequence[_Header]) -> SeriesInfo:
    data = headers[0].data
    number = _number(data, "SeriesNumber")
    return SeriesInfo(
        uid=_text(data, "SeriesInstanceUID"),
        number=None if number is None else int(number),
        description=_text(data, "SeriesDescription"),
        num_slices=len(headers),
        kvp=_number(data, "KVP"),
        contrast_agent=_text(data, "ContrastBolusAgent"),
        slice_thickness_mm=_number(data, "SliceThickness"),
        kernel=_text(data, "ConvolutionKernel"),
        files=tuple(header.path for header in headers),
    )


def _text(data: Any, key: str) -> str:
    value = data.get(key)
    return "" if value is None else str(value).strip()


def _number(data: Any, key: str) -> float | None:
    value = data.get(key)
    return None if value is None or value == "" else float(value)


def _slice(header: _Header) -> Slice:
    data = header.data
    try:
        row_column = [float(v) for v in data.ImageOrientationPatient]
        y_mm, x_mm = (float(v) for v in data.PixelSpacing)
        x, y, z = (float(v) for v in data.ImagePositionPatient)
        return Slice(
            name=header.path.name,
            instance=int(data.get("InstanceNumber") or 0),
            acquisition=_text(data, "AcquisitionNumber"),
            shape_yx=(int(data.Rows), int(data.Columns)),
            spacing_yx_mm=(y_mm, x_mm),
            position_lps_mm=(x, y, z),
            row=(row_column[0], row_column[1], row_column[2]),
            column=(row_column[3], row_column[4], row_column[5]),
        )
    except _BAD_VALUE as error:
        raise DicomError(f"'{header.path}' does not say where it lies in the patient: {error}.") from error


def _read_hu(path: Path) -> HuArray:
    """One slice in HU, shape (y, x)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = pydicom.dcmread(path)
            stored = data.pixel_array
        except (OSError, EOFError, RuntimeError, *_BAD_VALUE) as error:
            raise DicomError(_say_undecodable(path, error)) from error
        unit = _text(data, "RescaleType")
        if unit not in ("", "HU", "US"):
            raise DicomError(f"'{path}' is in {unit}, not in HU. Give the plain CT series.")
        slope, intercept = _number(data, "RescaleSlope"), _number(data, "RescaleIntercept")
        if slope is None or intercept is None:
            raise DicomError(f"'{path}' does not say how its values become HU (no rescale slope or intercept).")
        hu = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
        hu[_padding(data, stored)] = PADDING_HU
    return np.asarray(np.maximum(hu, np.float32(PADDING_HU)))


def _padding(data: Any, stored: Any) -> Any:
    """Where the stored values are padding (DICOM PS3.3 C.7.5.1.1.2)."""
    value = data.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, dtype=bool)
    limit = data.get("PixelPaddingRangeLimit", value)
    ends = [int(v) - 65536 if data.PixelRepresentation == 1 and int(v) > 32767 else int(v) for v in (value, limit)]
    return (stored >= min(ends)) & (stored <= max(ends))


def _say_undecodable(path: Path, error: BaseException) -> str:
    try:
        syntax = pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
    except (OSError, *_BAD_VALUE):
        return f"'{path}' is damaged: {error}."
    if syntax.is_compressed:
        return (
            f"'{path}' is compressed ({syntax.name}) and cannot be decoded here. Install a decoder "
            "(pip install pylibjpeg-openjpeg pyjpegls python-gdcm) or export it uncompressed."
        )
    return f"The voxels of '{path}' cannot be read: {' '.join(str(error).split())}."
