"""The report as PDF without a browser: what findings.json and run.json say, and the page's pictures; matplotlib."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import words
from .evidence import evidence_lines
from .origins import origin_head, origin_note, origin_text
from .places import category_text, place_note, place_text, scan_text, unlike_text
from .shots import Shot

_A4_INCH = (8.27, 11.69)
_LEFT, _RIGHT = 0.08, 0.92
_BANNER = "Research use only. Not a medical device. Not for diagnosis or treatment."
_INK, _SOFT, _MADE = "#111111", "#555555", "#a85b00"
_MALIGNANT, _BENIGN = "#b3261e", "#3c7a57"


def write_pages(path: Path, findings: Mapping[str, Any], run: Mapping[str, Any], shots: Sequence[Shot]) -> None:
    """Write the PDF: a page for the study, and one per lesion that has pictures, or three without."""
    from matplotlib.backends.backend_pdf import PdfPages

    pages = [_summary(findings, run, shots), *_lesions(findings, shots)]
    told = {
        "Title": f"{findings['case']}: hepaphase report, research use only",
        "Creator": "hepaphase",
        "CreationDate": None,
    }
    with PdfPages(path, metadata=told) as pdf:
        for number, page in enumerate(pages, start=1):
            page.foot(number, len(pages))
            pdf.savefig(page.figure)


class _Sheet:
    """One A4 page, written from top to bottom; places are shares of the page."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_pdf import FigureCanvasPdf
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=_A4_INCH)
        FigureCanvasPdf(self.figure)
        self.y = 0.965
        self.text(_BANNER, size=9, weight="bold", color="#7a1f1f")
        self.y -= 0.012

    def text(self, text: str, *, size: float = 9.0, x: float = _LEFT, width: int = 0, **style: Any) -> None:
        """A paragraph, wrapped to ``width`` letters (what fits the page where 0)."""
        letters = width or int(950 / size)
        for line in textwrap.wrap(text, letters) or [""]:
            self.figure.text(x, self.y, line, fontsize=size, va="top", **{"color": _INK, **style})
            self.y -= size * 1.45 / 72 / _A4_INCH[1]

    def gap(self, share: float = 0.01) -> None:
        self.y -= share

    def row(self, cells: Sequence[tuple[float, str]], **style: Any) -> None:
        """Texts side by side, each at its place from the left."""
        for x, cell in cells:
            self.figure.text(x, self.y, cell, va="top", **{"fontsize": 8.5, "color": _INK, **style})
        self.y -= 0.0155

    def strip(self, shots: Sequence[Shot]) -> None:
        """Pictures side by side, outlines drawn over them, captions below."""
        if not shots:
            return
        share = (_RIGHT - _LEFT) / max(len(shots), 3)
        highest = max(shot.size_mm[1] / shot.size_mm[0] for shot in shots)
        height = min(share * 0.96 * highest * _A4_INCH[0] / _A4_INCH[1], 0.24)
        for place, shot in enumerate(shots):
            box = (_LEFT + place * share, self.y - height, share * 0.96, height)
            _draw(self.figure.add_axes(box), shot)
            made = shot.provenance == "synthetic"
            caption = "\n".join(textwrap.wrap(shot.caption, int(110 * share / 0.84)))
            style: dict[str, Any] = {"fontsize": 7.5, "color": _MADE if made else _INK, "va": "top"}
            self.figure.text(box[0], self.y - height - 0.004, caption, **style)
        self.y -= height + 0.04

    def bars(self, probabilities: Mapping[str, float]) -> None:
        """One bar per class, the most probable first."""
        for bar in words.bars(probabilities):
            self.figure.text(_LEFT, self.y, bar.name, fontsize=8.5, va="top", color=_INK)
            for share, color in ((1.0, "#e5e5e5"), (bar.percent / 100, _MALIGNANT if bar.malignant else _BENIGN)):
                self.figure.add_artist(_bar(0.36, self.y - 0.011, 0.38 * share, 0.010, color))
            self.figure.text(0.76, self.y, bar.text, fontsize=8.5, va="top", color=_INK)
            self.y -= 0.0165

    def foot(self, number: int, total: int) -> None:
        text = f"Research use only, not a medical device. hepaphase. Page {number} of {total}"
        self.figure.text(0.5, 0.025, text, fontsize=7.5, ha="center", color=_SOFT)


def _bar(x: float, y: float, width: float, height: float, color: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, facecolor=color, edgecolor="none")


def _draw(axes: Any, shot: Shot) -> None:
    width, height = shot.size_mm
    axes.imshow(shot.pixels(), cmap="gray", extent=(0, width, height, 0), vmin=0, vmax=255)
    for outline in shot.outlines:
        closed = [*range(len(outline.points)), 0]
        axes.plot(*outline.points[closed].T, color=outline.color or "white", linewidth=0.9 if outline.color else 0.6)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_anchor("NW")
    axes.axis("off")


def _summary(findings: Mapping[str, Any], run: Mapping[str, Any], shots: Sequence[Shot]) -> _Sheet:
    sheet, lesions, patient = _Sheet(), findings["lesions"], findings["patient"]
    sheet.text(f"Study {findings['case']}", size=9, color=_SOFT)
    sheet.text(words.count_lesions(len(lesions)) + " found", size=19, weight="bold")
    kinds = {p["name"]: p["provenance"] for p in findings["phases"]}
    read = [f"{p} ({words.PROVENANCE_WORDS[kinds[p]]})" for p in patient["read_from"]]
    likely = words.probability(patient["malignant"])
    sheet.text(f"Probability of at least one malignant lesion {likely}, read from {words.join(read)}.", size=10)
    if made := [p for p, kind in kinds.items() if kind == "synthetic"]:
        sheet.text(f"Generated, not scanned: {words.join(made)}.", size=10, color=_MADE)
    if "simulated" in kinds.values():
        sheet.text("This study is simulated: no patient.", size=10)
    sheet.gap()
    _table(sheet, lesions)
    _screening(sheet, patient)
    sheet.strip([shot for shot in shots if shot.section == "summary"])
    sheet.text("Probability of at least one lesion of the class", size=9.5, weight="bold")
    sheet.bars(patient["probabilities"])
    sheet.gap()
    sheet.text(f"Liver with lesions {findings['liver']['volume_ml']:.0f} mL.")
    if told := scan_text(findings):
        sheet.text(told, size=8, color=_SOFT)
    for warning in run.get("warnings", []):
        sheet.text(f"Warning: {warning}", size=8, color=_SOFT)
    versions = ", ".join(f"{name} {v}" for name, v in run.get("versions", {}).items())
    sheet.text(f"Made with {versions}." if versions else "", size=8, color=_SOFT)
    return sheet


_MOST_ROWS = 16
"""Lesions in the table of the first page; the rest stand on pages of their own or in findings.json."""


def _table(sheet: _Sheet, lesions: Sequence[Mapping[str, Any]]) -> None:
    if not lesions:
        return
    at = (_LEFT, 0.16, 0.50, 0.62, 0.78)
    head = ("Lesion", "Most probable", "Probability", "Axes", "Volume")
    sheet.row(list(zip(at, head, strict=True)), weight="bold")
    for lesion in lesions[:_MOST_ROWS]:
        best = words.bars(lesion["probabilities"])[0]
        axes = f"{lesion['long_axis_mm']:.0f} × {lesion['short_axis_mm']:.0f} mm"
        cells = (str(lesion["id"]), best.name, best.text, axes, f"{lesion['volume_ml']:.1f} mL")
        sheet.row(list(zip(at, cells, strict=True)))
    if len(lesions) > _MOST_ROWS:
        sheet.text(f"{len(lesions) - _MOST_ROWS} more in findings.json.", size=8, color=_SOFT)
    sheet.gap()


def _screening(sheet: _Sheet, patient: Mapping[str, Any]) -> None:
    if patient.get("abstained"):
        sheet.text("Screening: no decision. " + " ".join(patient["abstained_because"]), size=8.5)
    for one in patient.get("screening", {}).get("decisions", []):
        test = one.get("test")
        told = (
            f"; on others sensitivity {test['sensitivity']:.2f}, specificity {test['specificity']:.2f}" if test else ""
        )
        sheet.text(
            f"Screening, {one['task']}: {one['decision']} (score {words.probability(one['score'])}, threshold "
            f"{one['threshold']:.3f} chosen for specificity {one['specificity']:g} on "
            f"{patient['screening']['validation']}{told}).",
            size=8.5,
        )
    sheet.gap()


def _lesions(findings: Mapping[str, Any], shots: Sequence[Shot]) -> Iterator[_Sheet]:
    for lesion in findings["lesions"]:
        own = [shot for shot in shots if shot.section == f"lesion-{lesion['id']}"]
        if own:
            yield _lesion(lesion, own, findings)


def _lesion(lesion: Mapping[str, Any], shots: Sequence[Shot], findings: Mapping[str, Any]) -> _Sheet:
    sheet, best = _Sheet(), words.bars(lesion["probabilities"])[0]
    sheet.text(f"Lesion {lesion['id']}: {best.name}, probability {best.text}", size=14, weight="bold")
    x, y, z = (round(v) for v in lesion["centroid_lps_mm"])
    axes = f"{lesion['long_axis_mm']:.0f} × {lesion['short_axis_mm']:.0f} mm"
    place = place_text(lesion)
    place = f" · {place}" if place else ""
    sheet.text(f"{axes} · {lesion['volume_ml']:.1f} mL{place} · center ({x}, {y}, {z}) mm LPS", color=_SOFT)
    sheet.gap()
    sheet.strip(shots)
    sheet.text("Probability by class", size=9.5, weight="bold")
    sheet.bars(lesion["probabilities"])
    if "prediction_set" in lesion:
        names = words.join([words.class_name(key).lower() for key in lesion["prediction_set"]])
        sheet.text(f"{100 * findings['prediction_sets']['level']:.0f} % prediction set, from the images alone: {names}")
    if told := origin_text(lesion):
        sheet.text(f"{origin_head(lesion)}: {told}. {origin_note(lesion)}")
    sheet.gap()
    sheet.text("Attenuation", size=9.5, weight="bold")
    at = (_LEFT, 0.20, 0.36, 0.52)
    sheet.row(list(zip(at, ("Phase", "HU ± sd", "to liver", ""), strict=True)), weight="bold")
    for phase, value in lesion["hu"].items():
        liver = findings["liver"]["hu"].get(phase)
        beside = f"{value['mean'] - liver['mean']:+.0f}" if liver else ""
        cells = (phase, f"{value['mean']:.0f} ± {value['sd']:.0f}", beside, words.PROVENANCE_WORDS[value["provenance"]])
        made = value["provenance"] == "synthetic"
        sheet.row(list(zip(at, cells, strict=True)), color=_MADE if made else _INK)
    sheet.gap()
    for head, said in evidence_lines(lesion):
        sheet.text(f"{head}: {said}", size=8)
    if lesion.get("lirads", {}).get("withheld"):
        sheet.text("LI-RADS category withheld. " + " ".join(lesion["lirads"]["because"]), size=8, color=_SOFT)
    for told in (category_text(lesion), unlike_text(lesion), place_note(lesion)):
        if told:
            sheet.text(told, size=8, color=_SOFT)
    return sheet
