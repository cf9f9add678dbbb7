"""CT images one by one, whether each has a file of its own or all lie in one multi-frame object."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage

from ..base.errors import DicomError
from .headers import BAD_VALUE, Header, one_line, text
from .slices import Slice

MULTI_FRAME = (EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
KINDS = (CTImageStorage, *MULTI_FRAME)
"""SOP classes that hold CT."""

_DAY_S = 86400.0
_SKEW = 0.01
"""Cosine between rows and columns from which on they are not at right angles; header text is rounded."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One image and what tells it from the images of another pass."""

    path: Path
    index: int | None
    """Which frame of a multi-frame object; None when the file holds one image."""
    uid: str
    """Of the object, with the frame's number where there are several."""
    place: Slice
    image_type: tuple[str, ...]
    kernel: str
    acquisition: int | None
    temporal: int | None
    clock_s: float | None
    """Seconds since a fixed day, for differences only."""
    injection_s: float | None
    """When the injection began by the header, on the same clock."""
    header: Header


_PLACE = ("ImageOrientationPatient", "PixelSpacing", "ImagePositionPatient", "Rows", "Columns")
"""Elements without which an image has no place in the patient."""


def frames(header: Header) -> Iterator[Frame]:
    """The images of one file.

    Raises:
        DicomError: when one does not say where it lies.
    """
    try:
        if header.data.get("SOPClassUID") in MULTI_FRAME:
            yield from _many(header)
        else:
            yield _frame(header, [header.data], None)
    except BAD_VALUE as error:
        raise DicomError(f"'{header.path}' does not say where it lies in the patient: {one_line(error)}.") from error


def _many(header: Header) -> Iterator[Frame]:
    """Shared and per-frame groups of an enhanced object (DICOM PS3.3 C.7.6.16), the frame's own first."""
    data = header.data
    shared = _groups(data["SharedFunctionalGroupsSequence"].value) if "SharedFunctionalGroupsSequence" in data else []
    own = data["PerFrameFunctionalGroupsSequence"].value
    if len(own) != int(data.NumberOfFrames):
        raise ValueError(f"{len(own)} frame headers for {data.NumberOfFrames} frames")
    for index, item in enumerate(own):
        yield _frame(header, [*_groups([item]), *shared, data], index)


def _groups(items: Any) -> list[Any]:
    """The data sets inside the functional groups of one item, flat."""
    return [element.value[0] for item in items for element in item if element.VR == "SQ" and element.value]


def _frame(header: Header, where: Sequence[Any], index: int | None) -> Frame:
    def find(*keys: str) -> Any:
        return next((d[key].value for key in keys for d in where if key in d and d[key].value not in (None, "")), None)

    uid = text(header.data, "SOPInstanceUID")
    acquisition, temporal = (
        find("FrameAcquisitionNumber", "AcquisitionNumber"),
        find("TemporalPositionIndex", "TemporalPositionIdentifier"),
    )
    clock_s = _clock_s(find)
    kernel = find("ConvolutionKernel")
    return Frame(
        path=header.path,
        index=index,
        uid=uid if index is None else f"{uid}.{index + 1}",
        place=_slice(header, find, index),
        image_type=tuple(str(v).upper() for v in np.atleast_1d(find("FrameType", "ImageType") or [])),
        kernel=kernel if isinstance(kernel, str) else "\\".join(map(str, kernel or [])),
        acquisition=None if acquisition is None else int(acquisition),
        temporal=None if temporal is None else int(temporal),
        clock_s=clock_s,
        injection_s=_injection_s(clock_s, find("ContrastBolusStartTime")),
        header=header,
    )


def _slice(header: Header, find: Any, index: int | None) -> Slice:
    if lacking := [key for key in _PLACE if find(key) is None]:
        raise ValueError(f"it lacks {', '.join(lacking)}")
    cosines = [float(v) for v in find("ImageOrientationPatient")]
    y_mm, x_mm = (float(v) for v in find("PixelSpacing"))
    x, y, z = (float(v) for v in find("ImagePositionPatient"))
    if not np.isfinite([*cosines, y_mm, x_mm, x, y, z]).all() or y_mm <= 0 or x_mm <= 0:
        raise ValueError(f"spacing {y_mm}, {x_mm} mm, position {x}, {y}, {z}")
    if min(np.linalg.norm(cosines[:3]), np.linalg.norm(cosines[3:])) < 0.5 or len(cosines) != 6:
        raise ValueError(f"orientation {cosines}")
    if abs(np.dot(cosines[:3], cosines[3:])) > _SKEW:
        raise ValueError(f"rows and columns that are not at right angles, {cosines}")
    instance = header.data.get("InstanceNumber") if index is None else index + 1
    return Slice(
        name=header.path.name if index is None else f"{header.path.name} frame {index + 1}",
        instance=int(instance or 0),
        acquisition=str(find("FrameAcquisitionNumber", "AcquisitionNumber") or ""),
        shape_yx=(int(header.data.Rows), int(header.data.Columns)),
        spacing_yx_mm=(y_mm, x_mm),
        position_lps_mm=(x, y, z),
        row=(cosines[0], cosines[1], cosines[2]),
        column=(cosines[3], cosines[4], cosines[5]),
    )


def _clock_s(find: Any) -> float | None:
    """When the image was acquired."""
    both = find("FrameAcquisitionDateTime", "AcquisitionDateTime")
    if both is not None and (when := _moment(str(both)[:8], str(both)[8:])) is not None:
        return when
    day = find("AcquisitionDate", "ContentDate", "StudyDate")
    clock = find("AcquisitionTime") or find("ContentTime")
    return None if clock is None else _moment(str(day or "20000101"), str(clock))


def _moment(day: str, clock: str) -> float | None:
    """DICOM date and time as seconds; None where they cannot be read (a time alone is no reason to refuse a scan)."""
    clock = clock.split("+")[0].split("-")[0].replace(":", "").strip()
    whole, _, fraction = clock.partition(".")
    try:
        moment = datetime.strptime(day.replace(".", "") + whole.ljust(6, "0")[:6], "%Y%m%d%H%M%S")
        return (moment - datetime(2000, 1, 1)) / timedelta(seconds=1) + float(f"0.{fraction or 0}")
    except ValueError:
        return None


def _injection_s(clock_s: float | None, start: Any) -> float | None:
    """The time of day of the injection put on the day of the scan, the day before when it would come after it."""
    if clock_s is None or start is None or (seconds := _moment("20000101", str(start))) is None:
        return None
    injection_s = clock_s - clock_s % _DAY_S + seconds
    return injection_s if injection_s <= clock_s + 60 else injection_s - _DAY_S
