"""What the DICOM results of a reading are made from."""

from importlib.metadata import version

import numpy as np

from ..report.dicom.input import DicomInput
from ..study.phase import Provenance
from .models import Models
from .pipeline import Reading


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
        geometry=reading.study.geometry,
        liver=masks["liver"].astype(np.uint8),
        lesions=masks["lesions"].astype(np.uint16),
        generated=tuple(p for p, kind in reading.study.provenance.items() if kind is Provenance.SYNTHETIC),
        transforms=reading.study.transforms,
        reader=str(models.diagnosis.card.get("title", "")),
        version=version("hepaphase"),
    )
