"""SEG and SR of a finished reading, made from what it wrote and the DICOM it was read from."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..io.archive import opened
from ..io.dicom import find_passes, read_pass
from ..io.nifti import read_mask
from ..study.findings import Finding, Findings, Measured, PatientScores, Segment
from ..study.geometry import Geometry
from ..study.origin import Origin
from ..study.phase import REFERENCE_ORDER, Phase
from ..study.study import HuArray
from .dicom.input import DicomInput
from .evidence import evidence_of
from .origins import origin_of


def volume_hash(hu: HuArray, geometry: Geometry) -> str:
    """SHA-256 over voxels and grid: says which volume it is without saying whose."""
    digest = hashlib.sha256()
    for plane in hu:  # in the order of the bytes, without a copy of them all
        digest.update(plane.tobytes())
    digest.update(geometry.affine_lps.tobytes())
    return digest.hexdigest()


def dicom_again(reading: Path, source: Path, *, keep_identity: bool = False) -> DicomInput:
    """What SEG and SR are made from, of a finished reading and its DICOM source.

    Each pass of the source is known again by its voxels and grid, of which ``run.json`` keeps a hash. Images of phases
    other than the reference are not pointed at, since how they were lined up is not kept.

    Raises:
        InputError: when the source holds none of the passes that were read.
        DicomError: when the masks do not fit the findings any more.
    """
    run, found = (json.loads((reading / name).read_text(encoding="utf-8")) for name in ("run.json", "findings.json"))
    origins, grids = _known(source, {value: Phase(name) for name, value in run["inputs"].items()}, keep_identity)
    liver, grid = read_mask(reading / "liver.nii.gz")
    lesions, _ = read_mask(reading / "lesions.nii.gz")
    fitting = [p for p in REFERENCE_ORDER if p in grids and grids[p].matches(grid)]
    if not fitting:
        raise InputError(f"'{source}' does not hold the images that '{reading}' was read from. Give that DICOM.")
    told = Phase(run["reference"]) if "reference" in run else fitting[0]
    kinds = {Phase(p["name"]): p["provenance"] for p in found["phases"]}
    return DicomInput(
        case=found["case"],
        findings=findings_of(found),
        reference=told,
        origins=origins,
        geometry=grids.get(told, grid),
        liver=liver.astype(np.uint8),
        lesions=lesions.astype(np.uint16),
        generated=tuple(p for p, kind in kinds.items() if kind == "synthetic"),
        version=str(run["versions"]["hepaphase"]),
    )


def _known(
    source: Path, phases: Mapping[str, Phase], keep_identity: bool
) -> tuple[dict[Phase, Origin], dict[Phase, Geometry]]:
    """The passes of the source that were read, by phase."""
    origins: dict[Phase, Origin] = {}
    grids: dict[Phase, Geometry] = {}
    with opened(source) as place:
        for one in find_passes(place).passes:
            volume = read_pass(one, fill_missing=True, keep_identity=keep_identity)
            phase = phases.get(volume_hash(volume.hu, volume.geometry))
            if phase is not None and volume.origin is not None:
                origins[phase], grids[phase] = volume.origin, volume.geometry
    return origins, grids


def findings_of(found: Mapping[str, Any]) -> Findings:
    """The findings that ``findings.json`` says, as far as a report needs them."""
    patient = found["patient"]
    return Findings(
        patient=PatientScores(patient["probabilities"], patient["malignant"]),
        lesions=tuple(_finding(lesion) for lesion in found["lesions"]),
        liver_hu=_measured(found["liver"]["hu"]),
        liver_ml=found["liver"]["volume_ml"],
    )


def _finding(lesion: Mapping[str, Any]) -> Finding:
    x, y, z = lesion["centroid_lps_mm"]
    return Finding(
        lesion_id=lesion["id"],
        centroid_lps_mm=(x, y, z),
        volume_ml=lesion["volume_ml"],
        long_axis_mm=lesion["long_axis_mm"],
        short_axis_mm=lesion["short_axis_mm"],
        probabilities=lesion["probabilities"],
        hu=_measured(lesion["hu"]),
        segment=_segment(lesion.get("segment")),
        origin=origin_of(lesion.get("origin")),
        evidence=evidence_of(lesion.get("evidence")),
    )


def _segment(told: Mapping[str, Any] | None) -> Segment | None:
    if told is None or told["withheld"]:
        return None
    return Segment(
        number=told["number"],
        confidence=told["confidence"],
        shares={int(number): share for number, share in told["shares"].items()},
        border=told["nearest_border"],
        to_border_mm=told["to_border_mm"],
        border_sd_mm=told["border_sd_mm"],
    )


def _measured(hu: Mapping[str, Any]) -> dict[Phase, Measured]:
    return {Phase(name): Measured(value["mean"], value["sd"]) for name, value in hu.items()}
