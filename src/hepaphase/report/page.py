"""What the page says, ready to be laid out: every number already a text, every picture a data URI."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..study.findings import Finding, Measured
from ..study.lesions import lesion_class
from ..study.phase import Phase, Provenance
from . import words
from .chart import Chart, Series, draw
from .comparison import compare
from .curves import ReferenceExam
from .decisions import screening_context, set_note, set_text, signs
from .evidence import evidence_lines
from .figures import (
    Slice,
    color_of,
    difference_picture,
    lesion_slice,
    liver_slice,
    phase_picture,
    pictured,
    withheld_picture,
)
from .findings_json import lesion_document, unlike_document
from .input import PhaseFacts, ReportInput
from .origins import origin_bars, origin_head, origin_note, origin_text
from .picture import DIFFERENCE_HU, WINDOW_HU
from .places import category_text, place_note, place_text, scan_text, unlike_text
from .view import View
from .volumes import viewer_volumes

Context = dict[str, Any]

_TIME_NOTES = {
    "given": "from the scan",
    "estimated": "estimated from its organs; the scan did not say",
    "typical": "typical for the phase; the scan did not say",
    "requested": "asked for",
}


def page_context(report: ReportInput, view: View) -> Context:
    """All that the template needs."""
    exam = ReferenceExam.until(max(report.study.time_s.values()))
    shown = pictured(report.findings.lesions)
    overview = liver_slice(view, report.findings.lesions)
    return {
        "case": report.study.case,
        "headline": f"{words.count_lesions(len(report.findings.lesions))} found",
        "malignant": words.probability(report.findings.patient.malignant),
        "malignant_percent": round(100 * report.findings.patient.malignant, 2),
        "read_from": words.read_from(report.read_from or report.phases, report.study.provenance),
        "generated_note": _generated_note(report),
        "simulated": any(p is Provenance.SIMULATED for p in report.study.provenance.values()),
        "phases": [_phase(report, view, phase, overview) for phase in report.phases],
        "overview": _frame(overview, view, report),
        "lesions": [
            _lesion(report, view, lesion, place=place, exam=exam, with_pictures=lesion.lesion_id in shown)
            for place, lesion in enumerate(report.findings.lesions)
        ],
        "scan_unlike": scan_text(unlike_document(report.findings)),
        "placed": any(lesion.segment for lesion in report.findings.lesions),
        "num_unpictured": len(report.findings.lesions) - len(shown),
        "patient_bars": words.bars(report.findings.patient.probabilities),
        "screening": screening_context(report.findings),
        "set_note": set_note(report.findings.set_basis),
        "set_level": f"{100 * report.findings.set_basis.get('level', 0):.0f} %",
        "lirads": list(report.findings.lesions[0].lirads_withheld) if report.findings.lesions else [],
        "weighed": any(lesion.image_probabilities for lesion in report.findings.lesions),
        "liver_ml": f"{report.findings.liver_ml:.0f}",
        "window": f"{WINDOW_HU[0]:.0f} to {WINDOW_HU[1]:.0f} HU".replace("-", "−"),
        "difference_hu": f"{DIFFERENCE_HU:.0f}",
        "withheld": _withheld(report, view, overview),
        "reference": str(report.study.reference),
        "warnings": list(report.warnings),
        "run": dict(report.run),
        "viewer": _viewer(report, view, overview),
    }


def _generated_note(report: ReportInput) -> str:
    """What the reader must know about generated phases; empty when there is none."""
    unseen = [str(p) for p in report.generated if p not in report.withheld]
    kept = [str(p) for p in report.generated if p in report.withheld]
    notes = [f"No scan exists of {words.join(unseen)}."] if unseen else []
    if kept:
        what = "The scan of {} was" if len(kept) == 1 else "The scans of {} were"
        notes.append(what.format(words.join(kept)) + " withheld from the reading.")
    return " ".join(notes)


def _phase(report: ReportInput, view: View, phase: Phase, overview: Slice) -> Context:
    provenance, facts = report.study.provenance[phase], report.facts[phase]
    liver = report.findings.liver_hu.get(phase)
    return {
        "name": str(phase),
        "label": phase.label,
        "provenance": str(provenance),
        "word": words.PROVENANCE_WORDS[provenance],
        "note": "its scan was withheld" if phase in report.withheld else words.PROVENANCE_NOTES[provenance],
        "time": f"{report.study.time_s[phase]:.0f} s",
        "time_note": "before contrast" if phase is Phase.NC else _time_note(facts),
        "recognised_by": words.RECOGNISED_WORDS.get(facts.recognised_by, facts.recognised_by),
        "source": facts.source,
        "liver_hu": _hu(liver) if liver else "",
        "predicted_sd": _predicted_sd(report, phase),
        "picture": phase_picture(view, overview, phase, generated=provenance is Provenance.SYNTHETIC),
        "alt": f"Axial slice of the liver, {phase.label} phase, {words.PROVENANCE_WORDS[provenance]}",
        "is_reference": phase is report.study.reference,
    }


def _time_note(facts: PhaseFacts) -> str:
    """How the time is known, with the interval of an estimate."""
    note = _TIME_NOTES[facts.time_source]
    if facts.time_interval_s is None:
        return note
    low_s, high_s = facts.time_interval_s
    return f"{low_s:.0f} to {high_s:.0f} s; {note}"


def _predicted_sd(report: ReportInput, phase: Phase) -> str:
    """Median predicted uncertainty in the liver; empty where none was predicted."""
    liver = report.study.masks["liver"] > 0
    if phase not in report.study.sd_hu or not liver.any():
        return ""
    return f"±{float(np.median(report.study.sd_hu[phase][liver])):.0f} HU"


def _lesion(
    report: ReportInput, view: View, lesion: Finding, *, place: int, exam: ReferenceExam, with_pictures: bool
) -> Context:
    ranked, said = words.bars(lesion.probabilities), lesion_document(report, lesion)
    order = [each.lesion_id for each in report.findings.lesions]
    where = lesion_slice(view, lesion, order)
    x, y, z = lesion.centroid_lps_mm
    return {
        "id": lesion.lesion_id,
        "color": color_of(place),
        "name": ranked[0].name,
        "malignant": ranked[0].malignant,
        "probability": ranked[0].text,
        "bars": ranked,
        "set": set_text(lesion),
        "signs": signs(lesion),
        "confidence": "" if lesion.confidence is None else words.probability(lesion.confidence),
        "axes": f"{lesion.long_axis_mm:.0f} × {lesion.short_axis_mm:.0f} mm",
        "volume": f"{lesion.volume_ml:.1f} mL",
        "segment": place_text(said),
        "segment_note": place_note(said),
        "lirads": category_text(said),
        "unlike": unlike_text(said),
        "origin": _origin(said),
        "evidence": evidence_lines(said),
        "position": f"{_side(x, 'L', 'R')} {_side(y, 'P', 'A')} {_side(z, 'S', 'I')} mm",
        "stored_slice": _stored_slice(report, view, where),
        "hu": [_lesion_hu(report, lesion, phase) for phase in report.phases if phase in lesion.hu],
        "chart": _chart(report, lesion, exam),
        "frame": _frame(where, view, report) if with_pictures else None,
        "pictures": [_lesion_picture(report, view, where, lesion, p) for p in report.phases] if with_pictures else [],
    }


def _origin(said: Context) -> Context | None:
    """Where it comes from, were it a metastasis; None where that is not told."""
    if "origin" not in said:
        return None
    told = {"head": origin_head(said), "text": origin_text(said), "note": origin_note(said)}
    return {**told, "bars": origin_bars(said)}


def _lesion_hu(report: ReportInput, lesion: Finding, phase: Phase) -> Context:
    provenance = report.study.provenance[phase]
    liver = report.findings.liver_hu.get(phase)
    contrast = f"{lesion.hu[phase].mean_hu - liver.mean_hu:+.0f}" if liver else ""
    return {
        "phase": str(phase),
        "provenance": str(provenance),
        "word": words.PROVENANCE_WORDS[provenance],
        "hu": _hu(lesion.hu[phase]),
        "contrast": contrast.replace("-", "−"),
    }


def _lesion_picture(report: ReportInput, view: View, where: Slice, lesion: Finding, phase: Phase) -> Context:
    provenance = report.study.provenance[phase]
    word = words.PROVENANCE_WORDS[provenance]
    return {
        "phase": str(phase),
        "label": phase.label,
        "provenance": str(provenance),
        "word": word,
        "time": f"{report.study.time_s[phase]:.0f} s",
        "uri": phase_picture(view, where, phase, generated=provenance is Provenance.SYNTHETIC),
        "alt": f"Lesion {lesion.lesion_id}, {phase.label} phase, {word}, axial slice",
    }


def _frame(where: Slice, view: View, report: ReportInput) -> Context:
    """The drawing over a picture."""
    return {
        "width": f"{where.window.width_mm:.1f}",
        "height": f"{where.window.height_mm:.1f}",
        "outlines": where.outlines,
        "caliper": where.caliper,
        "stored_slice": _stored_slice(report, view, where),
    }


def _stored_slice(report: ReportInput, view: View, where: Slice) -> str:
    """Which slice of the reference series this is, counted from 1, for those stored as axial slices."""
    if not view.axial.is_stored_axial:
        return ""
    grid = report.reference_grid or report.study.geometry
    index = round(float(grid.to_index_zyx(view.geometry.to_lps_mm((where.index, 0, 0)))[0]))
    return f"slice {index + 1} of {grid.shape_zyx[0]}"


def _chart(report: ReportInput, lesion: Finding, exam: ReferenceExam) -> Chart:
    curves = exam.lesion(lesion_class(lesion.lesion_class).key)
    provenance = {phase: str(kind) for phase, kind in report.study.provenance.items()}
    return draw(
        Series(lesion.hu, report.findings.liver_hu, report.study.time_s, provenance, curves, liver_curve=exam.liver())
    )


def _withheld(report: ReportInput, view: View, overview: Slice) -> list[Context]:
    rows = []
    for phase in view.withheld:
        result = compare(view, phase, reference=report.study.reference)
        rows.append(
            {
                "phase": str(phase),
                "label": phase.label,
                "scan": withheld_picture(view, overview, phase),
                "scan_word": "simulated" if _all_simulated(report) else "measured",
                "generated": phase_picture(view, overview, phase, generated=True),
                "difference": difference_picture(view, overview, phase),
                "liver_mae": _number(result.liver_mae_hu),
                "lesions_mae": _number(result.lesions_mae_hu),
                "copy_liver_mae": _number(result.copy_liver_mae_hu),
                "copy_lesions_mae": _number(result.copy_lesions_mae_hu),
            }
        )
    return rows


def _all_simulated(report: ReportInput) -> bool:
    return all(report.study.provenance[p] is Provenance.SIMULATED for p in report.study.inputs)


def _viewer(report: ReportInput, view: View, overview: Slice) -> Context:
    """What the viewer's script reads."""
    order = [lesion.lesion_id for lesion in report.findings.lesions]
    generated = frozenset(str(p) for p in report.generated)
    kinds: Mapping[Phase, Provenance] = report.study.provenance
    _, height, width = view.geometry.shape_zyx
    start = view.geometry.to_lps_mm((overview.index, height / 2, width / 2)).tolist()
    return {
        "volumes": viewer_volumes(view, order, generated=generated),
        "phases": [
            {"name": str(p), "label": p.label, "provenance": str(kinds[p]), "word": words.PROVENANCE_WORDS[kinds[p]]}
            for p in report.phases
        ],
        "reference": str(report.study.reference),
        "window": list(WINDOW_HU),
        "start_lps_mm": [round(v, 2) for v in start],
        "lesions": [
            {"id": lesion.lesion_id, "lps_mm": [round(v, 2) for v in lesion.centroid_lps_mm], "color": color_of(place)}
            for place, lesion in enumerate(report.findings.lesions)
        ],
    }


def _hu(value: Measured) -> str:
    return f"{value.mean_hu:.0f} ± {value.sd_hu:.0f}".replace("-", "−")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} HU"


def _side(value: float, positive: str, negative: str) -> str:
    return f"{positive if value >= 0 else negative} {abs(value):.0f}"
