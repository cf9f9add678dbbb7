"""What the scores mean for the patient: screening at its operating points, sets of classes, or why neither is given."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..bundle.bundle import Bundle
from ..bundle.operating import operating_points
from ..evaluation.conformal import prediction_set
from ..report.features import features
from ..report.lirads import category, why_withheld
from ..study.findings import Decision, Finding, Findings, PatientScores, Screening
from ..study.phase import Phase
from ..study.study import AlignedStudy


def decide(findings: Findings, study: AlignedStudy, read_from: tuple[Phase, ...], reader: Bundle) -> Findings:
    """The findings with all that follows from them: decisions, sets, signs of enhancement, reasons.

    Args:
        findings: as measured and named.
        study: on whose phases that was.
        read_from: the phases that the scores come from.
        reader: what gave the scores.
    """
    points = operating_points(reader)
    phases = ", ".join(read_from)
    why = _why_not(study, read_from, reader, points)
    own: Mapping[str, Any] | None = None if why or points is None else points["phases"][phases]
    reasons = why_withheld(study)
    told = replace(
        findings,
        abstained=why,
        lesions=tuple(
            replace(
                f,
                features=features(study, f.hu, findings.liver_hu),
                lirads=None if reasons else category(study, f, findings.liver_hu),
                lirads_withheld=reasons,
                prediction_set=_set(f, own),
            )
            for f in findings.lesions
        ),
    )
    if own is None or points is None:
        return told
    decisions = tuple(_decision(point, findings.patient) for point in own["screening"])
    screening = Screening(points["validation"], points["test"], decisions)
    return replace(told, screening=screening, set_basis=own["prediction_set"])


def _why_not(
    study: AlignedStudy, read_from: tuple[Phase, ...], reader: Bundle, points: Mapping[str, Any] | None
) -> tuple[str, ...]:
    """Why thresholds and sets do not apply; empty where they do."""
    title = str(reader.card.get("title", "this reader"))
    if points is None:
        return (f"No operating points were chosen for '{title}'.",)
    if made := [str(p) for p in read_from if p not in study.inputs]:
        return (f"Scores come from generated phases too ({', '.join(made)}); operating points are for scanned ones.",)
    if ", ".join(read_from) not in points["phases"]:
        held = "; ".join(points["phases"])
        return (f"No operating points were chosen for {', '.join(read_from)} (there are for: {held}).",)
    return ()


def _decision(point: Mapping[str, Any], patient: PatientScores) -> Decision:
    score = patient.malignant if point["task"] == "malignant" else max(patient.probabilities.values())
    basis = {key: point[key] for key in ("num_positive", "num_negative", "test") if key in point}
    return Decision(point["task"], point["specificity"], point["threshold"], float(score), basis)


def _set(finding: Finding, own: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Calibrated on the images alone, so these are what it is taken from."""
    if own is None:
        return ()
    return prediction_set(finding.image_probabilities or finding.probabilities, own["prediction_set"]["at_least"])
