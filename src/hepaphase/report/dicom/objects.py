"""Both DICOM results of a reading, by file name."""

from pathlib import Path
from typing import Any

from ...base.atomic import atomic_path
from ...base.errors import DicomError
from ...base.log import logger
from .input import DicomInput
from .seg import seg_object
from .sr import sr_object

SEG_NAME, SR_NAME = "lesions.seg.dcm", "report.sr.dcm"
_UTF8 = "ISO_IR 192"
log = logger(__name__)


def dicom_objects(given: DicomInput) -> dict[str, Any]:
    """File name to DICOM object; text in UTF-8, whatever the source had.

    Raises:
        DicomError: when the headers of the images cannot be pointed at.
    """
    try:
        seg = seg_object(given)
        made = {SEG_NAME: seg, SR_NAME: sr_object(given, seg)}
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # of the library, for headers that are odd
        log.debug("highdicom refused", exc_info=True)
        first = " ".join(str(error).split())[:160]
        raise DicomError(f"SEG and SR cannot point at the images of '{given.case}': {first}.") from error
    for data in made.values():
        data.SpecificCharacterSet = _UTF8
    return made


def write_dicom(objects: dict[str, Any], place: Path) -> list[Path]:
    """Write them into a folder, each whole or not at all."""
    for name, data in objects.items():
        with atomic_path(place / name) as partial:
            data.save_as(partial, enforce_file_format=True)
    return [place / name for name in objects]
