"""Segments told by our own masks of one scan, against those of simulated patients."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.atomic import write_text
from ..base.errors import StudyError
from ..base.log import track
from ..evaluation.bootstrap import Bootstrap
from ..evaluation.lesions import SMALLEST_MM3
from ..evaluation.table import mean_by_patient
from ..inference.known import with_organs
from ..inference.liver import find_liver
from ..inference.locate import divided
from ..inference.models import Models
from ..organs.couinaud import Division
from ..phantom.population import Population
from ..phantom.simulate import SimulatedCase, draw, render
from ..prepare.align import align
from ..prepare.crop import liver_grid
from ..resample.grid import resample
from ..study.phase import Phase
from ..study.study import AlignedStudy, MaskArray

SETTINGS = ("PVP", "NC", "PVP, its veins not looked at")
_ALWAYS = 8
"""The largest segment, named for every lesion as a baseline."""
Labels = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """One true lesion, or with ``lesion`` 0 the whole liver of one patient."""

    case: str
    setting: str
    lesion: int
    true: int = 0
    found: int = 0
    """0 where it was withheld."""
    is_neighbor: bool = False
    """Whether the two touch in the patient, or are one."""
    baseline_is_neighbor: bool = False
    confidence: float = float("nan")
    voxels: float = float("nan")
    """Share of the liver that lies in its true segment, for the whole liver."""
    why: str = ""


def run(seeds: Sequence[int], models: Models, population: Population, *, quiet: bool = False) -> list[SegmentRow]:
    """Rows of all patients in each of ``SETTINGS``.

    Each patient is simulated at rest, so that every phase lies where the truth does, and each phase is given alone:
    liver, vena cava and gallbladder are found in it by our own model. Lesions are the true ones of 113 mm^3 or more.
    """
    rows: list[SegmentRow] = []
    for seed in track(seeds, title="Dividing", total=len(seeds), quiet=quiet):
        rows += _patient(at_rest(seed, population), models)
    return rows


def at_rest(seed: int, population: Population) -> SimulatedCase:
    """NC and PVP of one patient who does not breathe."""
    drawn = draw(seed, population)
    still = dict.fromkeys(drawn.exam.breath_mm, (0.0, 0.0, 0.0))
    two = replace(population, phases=(Phase.NC, Phase.PVP))
    return render(replace(drawn, population=two, exam=replace(drawn.exam, breath_mm=still)), "abdomen")


def _patient(case: SimulatedCase, models: Models) -> list[SegmentRow]:
    rows = []
    for phase in case.study.phases:
        names = [s for s in SETTINGS if s.split(",")[0] == phase]
        try:
            small, liver, truth = _seen(case, phase, models)
        except StudyError as error:
            rows += [SegmentRow(case=case.study.case, setting=n, lesion=0, why=str(error)) for n in names]
            continue
        for name in names:
            found, why = divided(small, truth["lesions"], liver, veins=name == phase)
            rows += _rows(case.study.case, name, found, " ".join(why), truth, small.geometry.voxel_ml)
    return rows


def _seen(case: SimulatedCase, phase: Phase, models: Models) -> tuple[AlignedStudy, MaskArray, dict[str, Labels]]:
    """One phase on the working grid with our own masks, the liver's on the grid of the scan, and the truth."""
    study, grid = case.study, case.study.masks["liver"][1]
    one = replace(study, phases={phase: study.phases[phase]}, masks={}, lesion_table=None, clinical={})
    found = find_liver(one, phase, models.organs, with_organs=True)
    target = liver_grid(found.mask, grid)
    small = with_organs(align(one, target, masks={"liver": (found.mask, grid)}), found.organs)
    assert case.truth.segments is not None, "vessels are grown in the populations of sim-*"
    true = {"lesions": study.masks["lesions"][0], "segments": case.truth.segments}
    return small, found.mask, {name: resample(a, grid, target, order=0, fill=0) for name, a in true.items()}


def _rows(
    case: str, setting: str, found: Division | None, why: str, truth: dict[str, Labels], voxel_ml: float
) -> list[SegmentRow]:
    segments, lesions = truth["segments"], truth["lesions"]
    both = (segments > 0) & (found.labels > 0) if found is not None else np.zeros(segments.shape, bool)
    right = float((found.labels == segments)[both].mean()) if found is not None and both.any() else float("nan")
    rows = [SegmentRow(case=case, setting=setting, lesion=0, voxels=right, why=why)]
    near = neighbors(segments)
    for number in np.unique(lesions[lesions > 0]).tolist():
        mask = lesions == number
        inside = mask & (segments > 0)
        if mask.sum() * voxel_ml * 1000 < SMALLEST_MM3 or not inside.any():
            continue
        true = int(np.bincount(segments[inside]).argmax())
        told = found.segment_of(np.asarray(mask)) if found is not None else None
        row = SegmentRow(case=case, setting=setting, lesion=number, true=true, why=why,
                         baseline_is_neighbor=_ALWAYS in near[true])  # fmt: skip
        if told is not None:
            row = replace(row, found=told.number, confidence=told.confidence, is_neighbor=told.number in near[true])
        rows.append(row)
    return rows


def neighbors(segments: Labels) -> dict[int, set[int]]:
    """For each segment those that share a face of a voxel with it, itself included."""
    near: dict[int, set[int]] = {int(n): {int(n)} for n in range(1, 9)}
    for number, own in near.items():
        around = ndimage.binary_dilation(segments == number)
        own.update(int(n) for n in np.unique(segments[around & (segments > 0)]))
    return near


def table(rows: Sequence[SegmentRow], config: Bootstrap | None = None) -> str:
    """Per setting, with intervals by patient: right, right or neighbor, both of a baseline, voxels; in Markdown."""
    lines = [
        "| setting | patients (withheld) | lesions | right | right or neighbor | always 8: right | always 8: right or "
        "neighbor | voxels of the liver right |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for setting in SETTINGS:
        own = [r for r in rows if r.setting == setting]
        whole, lesions = [r for r in own if not r.lesion], [r for r in own if r.lesion and r.found]
        cells = [
            _cell(lesions, lambda r: float(r.true == r.found), config),
            _cell(lesions, lambda r: float(r.is_neighbor), config),
            _cell(lesions, lambda r: float(r.true == _ALWAYS), config),
            _cell(lesions, lambda r: float(r.baseline_is_neighbor), config),
            _cell([r for r in whole if np.isfinite(r.voxels)], lambda r: r.voxels, config),
        ]
        withheld = sum(bool(r.why) for r in whole)
        lines.append(f"| {setting} | {len(whole)} ({withheld}) | {len(lesions)} | {' | '.join(cells)} |")
    lines += ["", "| setting | confidence | lesions | right |", "|---|---|---|---|"]
    for setting in SETTINGS:
        for low, high in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
            part = [r for r in rows if r.setting == setting and r.found and low <= r.confidence < high]
            right = _cell(part, lambda r: float(r.true == r.found), config) if part else ""
            lines.append(f"| {setting} | {low:g} to {min(high, 1):g} | {len(part)} | {right} |")
    return "\n".join(lines) + "\n"


def _cell(rows: Sequence[SegmentRow], value: Callable[[SegmentRow], float], config: Bootstrap | None) -> str:
    return mean_by_patient([r.case for r in rows], [value(r) for r in rows], config)


def write(rows: Sequence[SegmentRow], out: Path, facts: str, config: Bootstrap | None = None) -> str:
    """Write ``segments.csv`` and ``table.md`` below ``out``; return the table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(SegmentRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in asdict(row).items()} for row in rows)
    write_text(out / "segments.csv", text.getvalue())
    told = f"{facts}\n\n{table(rows, config)}"
    write_text(out / "table.md", told)
    return told
