"""``findings.json``: the facts of a reading for programs, with a published schema."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..base.atomic import write_json
from ..study.findings import Decision, Finding, Findings, Measured
from ..study.phase import Phase
from .evidence import evidence_document
from .input import ReportInput
from .lirads import VERSION as LIRADS_VERSION
from .origins import origin_document

SCHEMA_NAME = "hepaphase-findings"
SCHEMA_VERSION = "0.5"
"""0.2 adds to 0.1: screening, abstained, prediction_sets, and per lesion prediction_set, features and lirads. 0.3 adds
ood, and per lesion segment, ood_score and a category in lirads where one may be given. Whoever reads 0.1 finds all of
it at its old place, whoever reads 0.2 too, but that lirads may hold a category in place of reasons. 0.4 adds evidence
per lesion, 0.5 the origin of those that may be metastases."""


def schema(version: str = SCHEMA_VERSION) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) that every ``findings.json`` of ``version`` satisfies."""
    text = files(__package__).joinpath(f"schema/findings-{version}.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def findings_document(report: ReportInput) -> dict[str, Any]:
    """The contents of ``findings.json``; what was not computed is absent."""
    findings = report.findings
    return {
        "schema": f"{SCHEMA_NAME}/{SCHEMA_VERSION}",
        "research_use_only": True,
        "case": report.study.case,
        "phases": [_phase(report, phase) for phase in report.phases],
        "patient": {
            "probabilities": _rounded(findings.patient.probabilities),
            "malignant": round(findings.patient.malignant, 6),
            "read_from": [str(p) for p in report.read_from or report.phases],
            **_decisions(findings),
        },
        **({"prediction_sets": dict(findings.set_basis)} if findings.set_basis else {}),
        **unlike_document(findings),
        "liver": {"volume_ml": round(findings.liver_ml, 3), "hu": _hu(report, findings.liver_hu)},
        "lesions": [lesion_document(report, lesion) for lesion in findings.lesions],
    }


def write_findings(path: Path, report: ReportInput) -> None:
    """Write ``findings.json`` to ``path``, whole or not at all."""
    write_json(path, findings_document(report))


def _decisions(findings: Findings) -> dict[str, Any]:
    """Screening, or why there is none; nothing at all where the question was not asked."""
    if findings.abstained:
        return {"abstained": True, "abstained_because": list(findings.abstained)}
    if findings.screening is None:
        return {}
    screening = findings.screening
    return {
        "abstained": False,
        "screening": {
            "validation": screening.validation,
            **({"test": screening.test} if screening.test else {}),
            "decisions": [_decision(one) for one in screening.decisions],
        },
    }


def _decision(one: Decision) -> dict[str, Any]:
    return {
        "task": one.task,
        "specificity": one.specificity,
        "threshold": one.threshold,
        "score": round(one.score, 6),
        "decision": "positive" if one.positive else "negative",
        **one.basis,
    }


def _phase(report: ReportInput, phase: Phase) -> dict[str, Any]:
    facts = report.facts[phase]
    return {
        "name": str(phase),
        "provenance": str(report.study.provenance[phase]),
        "time_s": round(report.study.time_s[phase], 3),
        "time_source": facts.time_source,
        **({} if facts.time_interval_s is None else {"time_interval_s": [round(t, 1) for t in facts.time_interval_s]}),
        "recognised_by": facts.recognised_by,
    }


def lesion_document(report: ReportInput, lesion: Finding) -> dict[str, Any]:
    """What ``findings.json`` says of one lesion."""
    return {
        "id": lesion.lesion_id,
        "centroid_lps_mm": [round(v, 3) for v in lesion.centroid_lps_mm],
        "volume_ml": round(lesion.volume_ml, 4),
        "long_axis_mm": round(lesion.long_axis_mm, 3),
        "short_axis_mm": round(lesion.short_axis_mm, 3),
        "probabilities": _rounded(lesion.probabilities),
        **({"image_probabilities": _rounded(lesion.image_probabilities)} if lesion.image_probabilities else {}),
        **({} if lesion.confidence is None else {"confidence": round(lesion.confidence, 6)}),
        "hu": _hu(report, lesion.hu),
        **({"prediction_set": list(lesion.prediction_set)} if lesion.prediction_set else {}),
        **({"features": _plain(lesion.features)} if lesion.features else {}),
        **({} if lesion.ood_score is None else {"ood_score": round(lesion.ood_score, 4)}),
        **_lirads(lesion),
        **_segment(lesion),
        **origin_document(lesion.origin),
        **evidence_document(lesion, report.findings.liver_hu, report.study.provenance),
    }


def unlike_document(findings: Findings) -> dict[str, Any]:
    """What ``findings.json`` says of how unlike the scan is; empty where that is not known."""
    if (scan := findings.unlike) is None:
        return {}
    oddest = {"measure": scan.oddest, "value": round(scan.value, 1), "usual": [round(v, 1) for v in scan.usual]}
    held = {"held_out": scan.held_out, "num_patients": scan.num_patients, "num_lesions": scan.num_lesions}
    return {"ood": {"scan_score": round(scan.score, 4), "bound": scan.bound, **held, "oddest": oddest}}


def _lirads(lesion: Finding) -> dict[str, Any]:
    if lesion.lirads_withheld:
        return {"lirads": {"withheld": True, "because": list(lesion.lirads_withheld)}}
    if (told := lesion.lirads) is None:
        return {}
    said = {"withheld": False, "category": told.category, "version": LIRADS_VERSION, "aphe": told.aphe}
    said |= {"washout": told.washout, **({} if told.capsule is None else {"capsule": told.capsule})}
    return {"lirads": {**said, "measured": _plain(told.measured), "not_assessed": list(told.not_assessed)}}


def _segment(lesion: Finding) -> dict[str, Any]:
    if lesion.segment_withheld:
        return {"segment": {"withheld": True, "because": list(lesion.segment_withheld)}}
    if (place := lesion.segment) is None:
        return {}
    return {
        "segment": {
            "withheld": False,
            "number": place.number,
            "confidence": round(place.confidence, 3),
            "shares": {str(number): round(share, 3) for number, share in place.shares.items()},
            "nearest_border": place.border,
            "to_border_mm": round(place.to_border_mm, 1),
            "border_sd_mm": round(place.border_sd_mm, 1),
        }
    }


def _plain(values: Mapping[str, float | str]) -> dict[str, float | str]:
    return {key: value if isinstance(value, str) else round(float(value), 3) for key, value in values.items()}


def _hu(report: ReportInput, measured: Mapping[Phase, Measured]) -> dict[str, Any]:
    return {
        str(phase): {
            "mean": round(value.mean_hu, 3),
            "sd": round(value.sd_hu, 3),
            "provenance": str(report.study.provenance[phase]),
        }
        for phase, value in measured.items()
    }


def _rounded(probabilities: Mapping[str, float]) -> dict[str, float]:
    return {key: round(float(value), 6) for key, value in probabilities.items()}
