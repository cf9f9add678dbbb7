"""``report.sr.dcm``: what was measured on each lesion, coded, tied to its segment and to the images."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from ...io.origin import made_uid
from ...study.findings import Finding, Measured, Segment
from ...study.geometry import Xyz
from ...study.lesions import LESION_CLASSES, lesion_class
from ...study.origin import Origin, SourceImage
from ...study.phase import Phase, Provenance
from ..evidence import evidence_document, evidence_lines
from ..origins import origin_document, origin_head, origin_note, origin_text
from ..signs import ABSENT, PRESENT, SIGNS, UNKNOWN
from ..words import join, probability
from .frames import headers, settle
from .input import MAKER, USE, DicomInput
from .seg import algorithm, quiet, tracking_uid

_SCHEME = "99HEPAPHASE"
"""Ours, for what no public scheme that we know names: phases, signs, and the contrast of a lesion to the liver."""
_SIGN_CODES = {
    "nonrim_arterial_hyperenhancement": "aphe_nonrim",
    "rim_arterial_hyperenhancement": "aphe_rim",
    "washout": "washout",
    "peripheral_washout": "washout_rim",
    "capsule": "capsule",
    "central_delayed_enhancement": "central_delay",
    "progressive_enhancement": "progressive",
}
"""A code value has 16 letters at most."""
_SERIES = 9002
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")


def sr_object(given: DicomInput, seg: Dataset) -> Dataset:
    """A Comprehensive 3D SR after template TID 1500: a group for the liver, and one per lesion.

    Values are of measured phases alone. ``seg`` is what ``seg_object`` made of the same reading.
    """
    from highdicom.coding_schemes import CodingSchemeIdentificationItem
    from highdicom.sr import Comprehensive3DSR

    with quiet():
        document = Comprehensive3DSR(
            evidence=[seg, *_evidence(given)],
            content=_content(given, seg)[0],
            series_instance_uid=generate_uid(prefix=None),
            series_number=_SERIES,
            sop_instance_uid=generate_uid(prefix=None),
            instance_number=1,
            manufacturer=MAKER,
            is_complete=True,
            is_final=False,
            series_description=f"{USE}: measurements of liver lesions",
            software_versions=given.version or "unknown",
            coding_schemes=[CodingSchemeIdentificationItem(_SCHEME, name="hepaphase phases and signs")],
        )
    settle(document, [image for origin in given.origins.values() for image in origin.images])
    return document


def _evidence(given: DicomInput) -> list[Dataset]:
    """Headers of the images of every phase that came as DICOM in the study of the reference."""
    study = given.origin.header["StudyInstanceUID"]
    own = [o for o in given.origins.values() if o.header["StudyInstanceUID"] == study]
    return [header for origin in own for header in headers(origin, given.case, origin.images)]


def _content(given: DicomInput, seg: Dataset) -> Any:
    from highdicom.sr import (
        DeviceObserverIdentifyingAttributes,
        MeasurementReport,
        ObservationContext,
        ObserverContext,
    )
    from pydicom.sr.codedict import codes

    device = DeviceObserverIdentifyingAttributes(
        uid=made_uid("device", given.version),
        name=MAKER,
        manufacturer_name=MAKER,
        model_name=f"{MAKER} {given.version}",
    )
    observer = ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    groups = [_liver(given, seg), *(_lesion(given, seg, finding) for finding in given.findings.lesions)]
    return MeasurementReport(
        observation_context=ObservationContext(observer_device_context=observer),
        procedure_reported=codes.SCT.ComputedTomography,
        imaging_measurements=groups,
    )


def _liver(given: DicomInput, seg: Dataset) -> Any:
    from pydicom.sr.codedict import codes

    findings = given.findings
    values = [
        _measurement(codes.SCT.Volume, findings.liver_ml, codes.UCUM.CubicCentimeter),
        *_attenuations(given, findings.liver_hu, None),
        _measurement(codes.DCM.ProbabilityOfCancer, 100 * findings.patient.malignant, codes.UCUM.Percent),
    ]
    said = (
        f"{USE}; not verified. {len(findings.lesions)} lesion(s). Probability of cancer is of the patient as a whole."
    )
    if given.generated:
        said += f" Generated, not measured, and in no value here: {join([str(p) for p in given.generated])}."
    return _group(given, seg, 0, codes.SCT.Organ, values, said)


def _lesion(given: DicomInput, seg: Dataset, finding: Finding) -> Any:
    from pydicom.sr.codedict import codes

    values = [
        _measurement(codes.SCT.Volume, finding.volume_ml, codes.UCUM.CubicCentimeter),
        _measurement(codes.SCT.LongAxis, finding.long_axis_mm, codes.UCUM.Millimeter),
        _measurement(codes.SCT.ShortAxis, finding.short_axis_mm, codes.UCUM.Millimeter),
        *_attenuations(given, finding.hu, finding.centroid_lps_mm),
        *_contrasts(given, finding),
        *(_probability(key, finding.probabilities[key]) for key in LESION_CLASSES if key in finding.probabilities),
    ]
    best = lesion_class(finding.lesion_class)
    likely = probability(finding.probabilities[best.key])
    said = f"{USE}; not verified. Most probable class: {best.name} ({likely})."
    if finding.segment is not None:
        said += f" {_place_said(finding.segment)}"
    if finding.origin is not None:
        said += f" {_origin_said(finding)}"
    return _group(given, seg, finding.lesion_id, codes.SCT.Lesion, values, said, finding=finding)


def _place_said(segment: Segment) -> str:
    """Which segment, and how sure that is."""
    return f"Couinaud segment {segment.number}, estimated ({probability(segment.confidence)})."


def _origin_said(finding: Finding) -> str:
    """Where it comes from, were it a metastasis, and what that rests on."""
    told = {"probabilities": finding.probabilities, **origin_document(finding.origin)}
    return f"{origin_head(told)}: {origin_text(told)}. {origin_note(told)}"


def _sites(finding: Finding | None) -> list[Any]:
    """The segment where it is told, else the liver."""
    from highdicom.sr import FindingSite
    from pydicom.sr.codedict import codes

    if finding is None or finding.segment is None:
        return [FindingSite(codes.SCT.Liver)]
    return [FindingSite(getattr(codes.SCT, f"CouinaudHepaticSegment{_ROMAN[finding.segment.number - 1]}"))]


def _group(
    given: DicomInput,
    seg: Dataset,
    number: int,
    kind: Any,
    values: Sequence[Any],
    said: str,
    *,
    finding: Finding | None = None,
) -> Any:
    from highdicom.sr import (
        AlgorithmIdentification,
        TextContentItem,
        TrackingIdentifier,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )
    from pydicom.sr.codedict import codes

    made_by = algorithm(given)[0]
    group = VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=tracking_uid(seg.SOPInstanceUID, number), identifier=f"Lesion {number}" if number else "Liver"
        ),
        referenced_segment=_segment(given, seg, number + 1),
        finding_type=kind,
        finding_sites=_sites(finding),
        algorithm_id=AlgorithmIdentification(made_by.AlgorithmName, made_by.AlgorithmVersion),
        measurements=list(values),
        qualitative_evaluations=None if finding is None else _evaluations(finding),
    )
    for text in (said, *([] if finding is None else _rests_on(given, finding))):
        group[0].ContentSequence.append(TextContentItem(codes.DCM.Comment, text, relationship_type="CONTAINS"))
    return group


def _evaluations(finding: Finding) -> list[Any]:
    """The most probable class, and each sign that was looked for: present, absent or not assessable."""
    from highdicom.sr import CodedConcept, QualitativeEvaluation
    from pydicom.sr.codedict import codes

    states = {
        PRESENT: codes.SCT.Present,
        ABSENT: codes.SCT.Absent,
        UNKNOWN: CodedConcept("not_assessable", _SCHEME, "Not assessable"),
    }
    told = [QualitativeEvaluation(codes.DCM.DifferentialDiagnosisImpression, _class_code(finding.lesion_class))]
    for sign in finding.evidence.signs if finding.evidence is not None else ():
        meaning = SIGNS[sign.name][0].upper() + SIGNS[sign.name][1:]
        told.append(QualitativeEvaluation(CodedConcept(_SIGN_CODES[sign.name], _SCHEME, meaning), states[sign.state]))
    return told


def _rests_on(given: DicomInput, finding: Finding) -> list[str]:
    """What the class rests on, a text each, in the words of the report; signs that are coded are not said again."""
    kinds = dict.fromkeys(finding.hu, Provenance.MEASURED) | dict.fromkeys(given.generated, Provenance.SYNTHETIC)
    told = evidence_document(finding, given.findings.liver_hu, kinds)
    lines = evidence_lines({"probabilities": finding.probabilities, **told})
    plain = str.maketrans({"−": "-", "±": "+/-"})  # letters that every reader of SR knows
    return [f"{head}: {text}".translate(plain) for head, text in lines if head not in ("Present", "Absent")]


def _segment(given: DicomInput, seg: Dataset, number: int) -> Any:
    from highdicom.sr import ReferencedSegment, SourceSeriesForSegmentation

    return ReferencedSegment(
        sop_class_uid=seg.SOPClassUID,
        sop_instance_uid=seg.SOPInstanceUID,
        segment_number=number,
        source_series=SourceSeriesForSegmentation(given.origin.series_uid),
    )


def _measurement(name: Any, value: float, unit: Any, **more: Any) -> Any:
    from highdicom.sr import Measurement

    return Measurement(name=name, value=float(f"{value:.6g}"), unit=unit, **more)


def _attenuations(given: DicomInput, hu: Mapping[Phase, Measured], place: Xyz | None) -> list[Any]:
    """Mean HU per measured phase; a generated phase is passed over, and so is one that came from another source."""
    from highdicom.sr import SourceImageForMeasurement
    from pydicom.sr.codedict import codes

    values = []
    for phase, measured in hu.items():
        if phase not in given.origins or phase in given.generated:
            continue
        shown = _image(given, phase, place)
        images = None if shown is None else [SourceImageForMeasurement(*shown)]
        value = _measurement(
            codes.DCM.AttenuationCoefficient,
            measured.mean_hu,
            codes.UCUM.HounsfieldUnit,
            derivation=codes.SCT.Mean,
            referenced_images=images,
        )
        values.append(_with(value, codes.DCM.ContrastPhase, (str(phase), _SCHEME, phase.label)))
    return values


def _contrasts(given: DicomInput, finding: Finding) -> list[Any]:
    """Mean HU of the lesion less that of the liver, per measured phase; where what the class rests on was gathered."""
    from highdicom.sr import CodedConcept
    from pydicom.sr.codedict import codes

    liver = given.findings.liver_hu
    phases = [p for p in finding.hu if p in liver and p in given.origins and p not in given.generated]
    name = CodedConcept("minus_liver", _SCHEME, "Attenuation of the lesion less that of the liver")
    values = []
    for phase in phases if finding.evidence is not None else ():
        value = _measurement(name, finding.hu[phase].mean_hu - liver[phase].mean_hu, codes.UCUM.HounsfieldUnit)
        values.append(_with(value, codes.DCM.ContrastPhase, (str(phase), _SCHEME, phase.label)))
    return values


def _probability(key: str, value: float) -> Any:
    """The probability that the lesion is of one class."""
    from pydicom.sr.codedict import codes

    measured = _measurement(codes.DCM.Probability, 100 * value, codes.UCUM.Percent)
    code = _class_code(key)
    return _with(measured, codes.DCM.DifferentialDiagnosisImpression, (code.value, "SCT", code.meaning))


def _with(measurement: Any, name: Any, code: tuple[str, str, str]) -> Any:
    """The measurement with a coded modifier."""
    from highdicom.sr import CodeContentItem, CodedConcept, ContentSequence

    value, scheme, meaning = code
    item = CodeContentItem(name, CodedConcept(value, scheme, meaning), relationship_type="HAS CONCEPT MOD")
    if "ContentSequence" not in measurement[0]:
        measurement[0].ContentSequence = ContentSequence()
    measurement[0].ContentSequence.append(item)
    return measurement


def _class_code(key: str) -> Any:
    from highdicom.sr import CodedConcept

    value, meaning = lesion_class(key).snomed
    return CodedConcept(value, "SCT", meaning)


def _image(given: DicomInput, phase: Phase, place: Xyz | None) -> tuple[str, str] | None:
    """Class and UID of the phase's image through a place in the reference, where it can be told."""
    same_study = given.origins[phase].header["StudyInstanceUID"] == given.origin.header["StudyInstanceUID"]
    if place is None or not same_study or (phase is not given.reference and phase not in given.transforms):
        return None
    matrix = given.transforms.get(phase, np.eye(4))
    nearest = _nearest(given.origins[phase], np.asarray(matrix)[:3, :3] @ place + np.asarray(matrix)[:3, 3])
    header = headers(given.origins[phase], given.case, [nearest])[0]
    return header.SOPClassUID, header.SOPInstanceUID


def _nearest(origin: Origin, place: Any) -> SourceImage:
    normal = np.cross(origin.row, origin.column)
    return min(origin.images, key=lambda image: abs(float((place - np.asarray(image.position_lps_mm)) @ normal)))
