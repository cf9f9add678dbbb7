"""``lesions.seg.dcm``: the liver and each lesion as a segment, on the very images that were read."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from ...io.origin import made_uid
from ...study.findings import Finding
from ...study.lesions import lesion_class
from ...study.study import MaskArray
from ..words import probability
from .frames import headers, near, on_images, settle, used
from .input import MAKER, USE, DicomInput

_SERIES = 9001
"""Number of the series of segments; the report's is the next (our choice: above what scanners count to)."""


def seg_object(given: DicomInput) -> Dataset:
    """A BINARY segmentation (DICOM PS3.3 A.51): segment 1 the liver, lesions and all, segment k + 1 the lesion k.

    Each frame is a whole image in size and place; images where a segment is empty have none.
    """
    from highdicom.seg import Segmentation

    findings = given.findings.lesions
    origin = near(given.origin, given.geometry)
    liver = on_images(given.liver, given.geometry, origin)
    lesions = on_images(given.lesions, given.geometry, origin)
    liver |= (lesions > 0).astype(liver.dtype)
    part = used(liver)
    images = origin.images[part]
    planes = _stacked(liver[part], lesions[part], len(findings))
    del liver, lesions  # what follows is the peak of a reading's memory
    uid = generate_uid(prefix=None)
    with quiet():
        seg = Segmentation(
            source_images=headers(origin, given.case, images),
            pixel_array=planes,
            segmentation_type="BINARY",
            segment_descriptions=[_liver(given, uid), *(_lesion(given, f, uid) for f in findings)],
            series_instance_uid=generate_uid(prefix=None),
            series_number=_SERIES,
            sop_instance_uid=uid,
            instance_number=1,
            manufacturer=MAKER,
            manufacturer_model_name=MAKER,
            software_versions=given.version or "unknown",
            device_serial_number="none",
            content_label="LIVER_LESIONS",
            content_description=f"{USE}. Liver and {len(findings)} lesion(s), not verified",
            series_description=f"{USE}: liver and lesions",
        )
    settle(seg, images)
    return seg


def tracking_uid(seg_uid: str, number: int) -> str:
    """What segment and measurements of one lesion (0 for the liver) share."""
    return made_uid("tracking", seg_uid, str(number))


@contextmanager
def quiet() -> Iterator[None]:
    """The library logs what it does, once per item, and warns of oddities of the source; neither is ours to repeat."""
    log = logging.getLogger("highdicom")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def algorithm(given: DicomInput) -> Any:
    """What made it, as DICOM identifies algorithms."""
    from highdicom import AlgorithmIdentificationSequence
    from pydicom.sr.codedict import codes

    return AlgorithmIdentificationSequence(
        name=MAKER, version=given.version or "unknown", family=codes.DCM.ArtificialIntelligence, source=MAKER
    )


def _stacked(liver: MaskArray, lesions: Any, number: int) -> MaskArray:
    """(image, y, x, segment), since segments overlap; only images that hold anything get here."""
    stacked = np.empty((*liver.shape, number + 1), np.uint8)
    stacked[..., 0] = liver > 0
    for k in range(1, number + 1):
        np.equal(lesions, k, out=stacked[..., k].view(bool))
    return stacked


def _liver(given: DicomInput, uid: str) -> Any:
    from pydicom.sr.codedict import codes

    return _segment(given, uid, 0, "Liver", (codes.SCT.AnatomicalStructure, codes.SCT.Liver), f"{USE}. Not verified.")


def _lesion(given: DicomInput, finding: Finding, uid: str) -> Any:
    from pydicom.sr.codedict import codes

    best = lesion_class(finding.lesion_class)
    likely = probability(finding.probabilities[best.key])
    kind = (codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Lesion)
    said = f"{USE}. Not verified. Most probable class: {best.name} ({likely})."
    return _segment(given, uid, finding.lesion_id, f"Lesion {finding.lesion_id}", kind, said)


def _segment(given: DicomInput, uid: str, number: int, label: str, kind: tuple[Any, Any], said: str) -> Any:
    from highdicom.seg import SegmentDescription
    from pydicom.sr.codedict import codes

    described = SegmentDescription(
        segment_number=number + 1,
        segment_label=label,
        segmented_property_category=kind[0],
        segmented_property_type=kind[1],
        algorithm_type="AUTOMATIC",
        algorithm_identification=algorithm(given),
        tracking_uid=tracking_uid(uid, number),
        tracking_id=label,
        anatomic_regions=[codes.SCT.Liver] if number else None,
    )
    described.SegmentDescription = said
    return described
