"""Where a volume came from, read from the headers of its images."""

import hashlib
import warnings
from collections.abc import Sequence
from typing import Any

import pydicom

from ..study.origin import Origin, SourceImage
from .frames import Frame
from .headers import BAD_VALUE, text

_ALWAYS = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "PatientSex", "SliceThickness")
_WHOSE = (
    "PatientName", "PatientID", "PatientBirthDate", "StudyID", "StudyDate", "StudyTime", "AccessionNumber",
    "ReferringPhysicianName", "StudyDescription",
)  # fmt: skip
"""What an archive files a study by; it tells whose it is."""


def origin_of(ordered: Sequence[Frame], *, keep_identity: bool = False) -> Origin:
    """The images of one pass, in the order given; who they are of is left out unless it is to be kept.

    A frame of reference that the headers do not name gets a UID made from the series', since all results need one.
    """
    first = ordered[0]
    header = _header(first, _ALWAYS + (_WHOSE if keep_identity else ()))
    if header.get("PatientSex", "O") not in ("F", "M", "O"):
        del header["PatientSex"]
    header.setdefault("FrameOfReferenceUID", made_uid("frame of reference", header.get("SeriesInstanceUID", "")))
    return Origin(
        images=tuple(_image(frame) for frame in ordered),
        shape_yx=first.place.shape_yx,
        spacing_yx_mm=first.place.spacing_yx_mm,
        row=first.place.row,
        column=first.place.column,
        header=header,
    )


def made_uid(*words: str) -> str:
    """A UID that follows from ``words`` (DICOM PS3.5 B.2: 2.25 and a number of 128 bits)."""
    digest = hashlib.sha256("\n".join(("hepaphase", *words)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def _header(frame: Frame, keys: tuple[str, ...]) -> dict[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities of other elements are not ours to report
        data: Any = pydicom.dcmread(frame.path, stop_before_pixels=True, specific_tags=list(keys), force=True)
        found = {key: _value(data, key) for key in keys}
    return {key: value for key, value in found.items() if value}


def _value(data: Any, key: str) -> str:
    """An element as text; empty where it is absent or cannot be decoded, since a scan is not refused for that."""
    try:
        value = data.get(key)
        return "\\".join(map(str, value)) if isinstance(value, pydicom.multival.MultiValue) else text(data, key)
    except BAD_VALUE:
        return ""


def _image(frame: Frame) -> SourceImage:
    data = frame.header.data
    return SourceImage(
        uid=text(data, "SOPInstanceUID"),
        kind=text(data, "SOPClassUID"),
        position_lps_mm=frame.place.position_lps_mm,
        frame=None if frame.index is None else frame.index + 1,
    )
