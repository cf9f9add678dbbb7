"""The DICOM results of a reading: ``lesions.seg.dcm`` and ``report.sr.dcm``."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import DicomError
from ..base.log import logger
from ..report.dicom.input import DicomInput
from ..report.dicom.seg import seg_object
from ..report.dicom.sr import sr_object
from ..study.phase import Provenance
from .models import Models
from .pipeline import Reading

SEG_NAME, SR_NAME = "lesions.seg.dcm", "report.sr.dcm"
log = logger(__name__)


def dicom_input(reading: Reading, models: Models) -> DicomInput | None:
    """What the DICOM results are made from; None where the reference phase did not come from DICOM images."""
    phases, reference = reading.source.phases, reading.study.reference
    origins = {
        p: volume.origin
        for p, volume in phases.items()
        if volume.origin is not None and volume.provenance is Provenance.MEASURED
    }
    if reference not in origins:
        return None
    masks = reading.study.masks
    return DicomInput(
        case=reading.source.case,
        findings=reading.findings,
        reference=reference,
        origins=origins,
        geometry=reading.reference_grid,
        liver=reading.on_reference_grid(masks["liver"].astype(np.uint8), fill=0),
        lesions=reading.on_reference_grid(masks["lesions"].astype(np.uint16), fill=0),
        generated=tuple(p for p, kind in reading.study.provenance.items() if kind is Provenance.SYNTHETIC),
        transforms=reading.study.transforms,
        reader=str(models.diagnosis.card.get("title", "")),
        version=version("hepaphase"),
    )


def dicom_objects(given: DicomInput) -> dict[str, Any]:
    """File name to DICOM object.

    Raises:
        DicomError: when the headers of the images cannot be pointed at.
    """
    try:
        seg = seg_object(given)
        return {SEG_NAME: seg, SR_NAME: sr_object(given, seg)}
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # of the library, for headers that are odd
        log.debug("highdicom refused", exc_info=True)
        first = " ".join(str(error).split())[:160]
        raise DicomError(f"SEG and SR cannot point at the images of '{given.case}': {first}.") from error


def write_dicom(objects: dict[str, Any], place: Path) -> list[Path]:
    """Write them into a folder that is not final yet."""
    for name, data in objects.items():
        data.save_as(place / name, enforce_file_format=True)
    return [place / name for name in objects]
