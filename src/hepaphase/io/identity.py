"""Whose scan it is: kept from everything we write, unless it is asked for."""

import base64
import binascii
import gzip
import hashlib
import re
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import InvalidDicomError

from .headers import BAD_VALUE, Header, text

IDENTIFYING = (
    "PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames", "IssuerOfPatientID", "PatientBirthDate",
    "PatientBirthName", "PatientMotherBirthName", "PatientAddress", "PatientTelephoneNumbers", "AccessionNumber",
    "StudyID", "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "InstitutionName", "InstitutionAddress",
    "ReferringPhysicianName", "PerformingPhysicianName", "NameOfPhysiciansReadingStudy", "OperatorsName",
    "RequestingPhysician", "StationName", "DeviceSerialNumber", "PatientComments", "MedicalRecordLocator",
    "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID",
)  # fmt: skip
"""Elements that name the patient, the visit or who saw them (of the profile in DICOM PS3.15 E)."""

_SHORTEST = 4
"""Shorter values, such as a study number 1, occur everywhere and tell nobody apart."""
_OLDEST_YEARS = 90
"""Ages above are few enough to name a person (45 CFR 164.514): they become this."""


def pseudonym(headers: Sequence[Header]) -> str:
    """A name for the case made from the study identifier: the same on every run, and not to be turned back without it.

    The patient's own number is not used: it has so few digits that every hash of it could be tried out.
    """
    return study_pseudonym(*{text(h.data, "StudyInstanceUID") or text(h.data, "SeriesInstanceUID") for h in headers})


def study_pseudonym(*uids: str) -> str:
    """The same from the identifiers of studies alone."""
    return "case-" + hashlib.sha256("\n".join(["hepaphase", *sorted(uids)]).encode()).hexdigest()[:10]


def clinical(headers: Sequence[Header]) -> dict[str, Any]:
    """Sex and age in years, where the headers give them."""
    facts: dict[str, Any] = {}
    data = headers[0].data
    if (sex := text(data, "PatientSex").upper()) in ("F", "M"):
        facts["sex"] = sex
    if found := re.fullmatch(r"(\d{1,3})Y", text(data, "PatientAge").upper()):
        facts["age"] = min(int(found[1]), _OLDEST_YEARS)
    return facts


def identity(path: Path) -> dict[str, str]:
    """Name, number and dates of the patient in one DICOM file, for whoever asked to keep them."""
    data = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    keys = {"patient_name": "PatientName", "patient_id": "PatientID", "study_date": "StudyDate"}
    found = {name: text(data, key) for name, key in keys.items()}
    return {name: value for name, value in found.items() if value}


def identifiers(source: Path) -> frozenset[str]:
    """Every text in the DICOM files below ``source`` that could tell whose they are, private elements included.

    Names also count in parts; the names of the files and of the folder count where they are one of these.
    """
    found: set[str] = set()
    for path in sorted(p for p in ([source] if source.is_file() else source.rglob("*")) if p.is_file()):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                data = pydicom.dcmread(path, stop_before_pixels=True)
                found.update(word for element in _identifying(data) for word in _words(element))
        except (OSError, EOFError, InvalidDicomError, *BAD_VALUE):
            continue
    return frozenset(word for word in found if len(word) >= _SHORTEST)


def _identifying(data: Any) -> Iterator[Any]:
    for element in data.iterall():
        if element.keyword in IDENTIFYING or element.VR == "PN":
            yield element


def _words(element: Any) -> Iterator[str]:
    values = element.value if isinstance(element.value, (list, tuple, pydicom.multival.MultiValue)) else [element.value]
    for value in values:
        whole = str(value or "").strip()
        yield whole
        if element.VR == "PN":
            yield from re.split(r"[\^= ]+", whole)


def find_identity(
    written: Path, identifiers: Collection[str], *, texts: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Where an identifier stands in what was written: place to identifier. Empty when nothing leaked.

    File names, plain content and the content of gzip and zip files (npz, too) below ``written`` are searched, and
    ``texts`` (logs, say); words in one, two or four bytes a letter. What a page carries in base64 is searched as what
    it stands for: in megabytes of its letters a short name turns up by chance.
    """
    leaks: dict[str, str] = {}
    places = {str(p.relative_to(written)): p for p in sorted(written.rglob("*"))}
    for name, path in places.items():
        content = name.encode() + b"\n" + (_content(path) if path.is_file() else b"")
        if word := _first(content, identifiers):
            leaks[name] = word
    for name, spoken in (texts or {}).items():
        if word := _first(spoken.encode(), identifiers):
            leaks[name] = word
    return leaks


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    try:
        if content[:2] == b"\x1f\x8b":
            return gzip.decompress(content)
        if content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                return b"\n".join(name.encode() + b"\n" + archive.read(name) for name in archive.namelist())
    except (OSError, EOFError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile):
        pass  # damaged: as it is
    return _BASE64.sub(_decoded, content)


_BASE64 = re.compile(rb"[A-Za-z0-9+/]{256,}={0,2}")
"""Longer than any identifier."""


def _decoded(run: "re.Match[bytes]") -> bytes:
    try:
        return base64.b64decode(run[0], validate=True)
    except binascii.Error:
        return run[0]


_ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-32-le")
"""The last two as arrays and Windows hold text."""


def _first(content: bytes, identifiers: Collection[str]) -> str:
    low = content.lower()
    return next((word for word in sorted(identifiers) if any(form in low for form in _forms(word.lower()))), "")


def _forms(word: str) -> set[bytes]:
    return {word.encode(name, errors="ignore") for name in _ENCODINGS} - {b""}
