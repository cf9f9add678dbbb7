"""An audit of a cohort: what is there, what is wrong, what is known to be wrong, what is there twice."""

import csv
import html
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..base.atomic import write_text
from ..base.errors import HepaphaseError, InputError
from ..base.log import track
from ..io.case import write_case
from ..resample.grid import resample
from ..study.phase import Phase
from ..study.study import Study
from .content import Thumbnail, alike, thumbnail
from .defects import CONTAINS, defects_of
from .protocol import Adapter, open_cohort
from .unnamed import Namer

Check = Callable[[Study], Sequence[str]]
"""Says what contradicts itself in a study, a sentence each; for what lies above this floor."""

LIVER_ML = (400.0, 4000.0)
"""A liver mask outside of this is doubted (our choice: beyond any adult liver that is whole)."""
FIXES = {"empty mask": "mask left out", "mask grid": "mask resampled", "unreadable": "case left out"}
"""What ``repair`` does about a kind of finding; known defects and doubles are left out where they say so."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong or doubtful."""

    case: str
    level: str
    """``error``, ``warning`` or ``note``."""
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What there is of one case."""

    case: str
    patient: str
    subset: str
    phases: tuple[str, ...]
    spacing_xyz_mm: tuple[float, float, float]
    liver_ml: float | None
    num_lesions: int | None
    thumbnails: tuple[Thumbnail, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything the doctor found."""

    cohort: str
    layout: str
    facts: tuple[CaseFacts, ...]
    complaints: tuple[Complaint, ...]


def audit(
    root: Path,
    *,
    against: Sequence[Path] = (),
    layout: str | None = None,
    namer: Namer | None = None,
    check: Check | None = None,
    quiet: bool = False,
) -> Audit:
    """Read every case of the cohort at ``root``, one at a time, and say what is wrong.

    Args:
        root: The cohort.
        against: Other cohorts; scans that are in them too are found by their voxels.
        layout: Name of the adapter, when several fit.
        namer: Names the phases of sources that do not tell them.
        check: Says which phases measure as another than they are called.
        quiet: No progress.

    Raises:
        InputError: when no layout fits, or the cohort holds no case.
    """
    adapter = open_cohort(root, layout=layout, namer=namer)
    name = type(adapter).__module__.rpartition(".")[2]
    facts, complaints = _read_all(adapter, name, check, quiet=quiet)
    if not facts and not complaints:
        raise InputError(f"{root.name} holds no case.")
    complaints += _doubles(facts)
    for other in against:
        far, _ = _read_all(open_cohort(other), "", None, quiet=quiet)
        complaints += _shared(facts, far, other.name)
    if name in CONTAINS:
        text = f"{name} is known to share patients with {', '.join(CONTAINS[name])}. Compare: --against FOLDER."
        complaints.append(Complaint("", "note", "known overlap", text))
    return Audit(root.resolve().name, name, tuple(facts), tuple(complaints))


def _read_all(
    adapter: Adapter, source: str, check: Check | None, *, quiet: bool
) -> tuple[list[CaseFacts], list[Complaint]]:
    facts: list[CaseFacts] = []
    complaints: list[Complaint] = []
    cases = adapter.cases()
    for case in track(cases, title="Examining", total=len(cases), quiet=quiet):
        complaints += [
            Complaint(case, "error" if d.exclude else "warning", "known defect", f"{d.what}. {d.advice}")
            for d in defects_of(source, case)
        ]
        try:
            study = adapter.load(case)
        except HepaphaseError as error:
            complaints.append(Complaint(case, "error", "unreadable", str(error)))
            continue
        facts.append(_facts(study, adapter.patient(case)))
        complaints += examine(study)
        if check is not None:
            complaints += [Complaint(case, "warning", "measured", text) for text in check(study)]
    return facts, complaints


def _facts(study: Study, patient: str) -> CaseFacts:
    liver = study.masks.get("liver")
    lesions = study.masks.get("lesions")
    return CaseFacts(
        study.case,
        patient,
        str(study.clinical.get("set", "")),
        tuple(p.value for p in study.phases),
        study.phase(study.reference()).geometry.spacing_xyz_mm,
        None if liver is None else float((liver[0] > 0).sum() * liver[1].voxel_ml),
        None if lesions is None else int((np.unique(lesions[0]) > 0).sum()),
        tuple(thumbnail(volume.hu) for volume in study.phases.values()),
    )


def examine(study: Study) -> list[Complaint]:
    """What is wrong with one study by itself: header, voxels, masks against phases, masks against the table."""
    found = [*_headers(study), *_voxels(study), *_masks(study), *_table(study)]
    return [Complaint(study.case, level, kind, text) for level, kind, text in found]


def _headers(study: Study) -> Iterator[tuple[str, str, str]]:
    for phase, volume in study.phases.items():
        geometry = volume.geometry
        if geometry.spacing_xyz_mm == (1.0, 1.0, 1.0) and not any(geometry.origin_lps_mm):
            text = f"{phase}: 1x1x1 mm at the origin, which no scanner writes; sizes in mm mean nothing"
            yield "error", "header", text
        extent_mm = np.multiply(geometry.shape_zyx, geometry.spacing_zyx_mm)
        if extent_mm.max() > 2500 or max(geometry.spacing_xyz_mm) > 15:
            yield "warning", "header", f"{phase}: spans {extent_mm.max():.0f} mm; the spacing is likely false"
    if study.clinical.get("phase_trust") == "untold":
        yield "note", "phase", "the source does not say which phase this is"


def _voxels(study: Study) -> Iterator[tuple[str, str, str]]:
    names = list(study.phases)
    for i, one in enumerate(names):
        hu = study.phases[one].hu
        if hu.max() - hu.min() < 1:
            yield "error", "voxels", f"{one}: every voxel is the same"
        elif hu.min() >= 0 and hu.max() <= 255:
            yield "warning", "voxels", f"{one}: values from 0 to 255 look like a window, not HU"
        for other in names[i + 1 :]:
            if np.array_equal(hu, study.phases[other].hu):
                yield "error", "phase", f"{one} and {other} hold the same voxels"


def _masks(study: Study) -> Iterator[tuple[str, str, str]]:
    reference = study.phase(study.reference()).geometry
    grids = [volume.geometry for volume in study.phases.values()]
    for name, (array, geometry) in study.masks.items():
        if not array.any() and name != "lesions":
            yield "error", "empty mask", f"{name} is empty"
        if not any(geometry.matches(grid) for grid in grids):
            apart = geometry.corner_distance_mm(reference)
            yield "warning", "mask grid", f"{name} lies on the grid of no phase ({apart:.3g} mm off at a corner)"
    if "liver" not in study.masks:
        yield "note", "no liver mask", "the organ model will draw one"
        return
    liver, geometry = study.masks["liver"]
    millilitres = float((liver > 0).sum() * geometry.voxel_ml)
    if liver.any() and not LIVER_ML[0] <= millilitres <= LIVER_ML[1]:
        yield "warning", "mask size", f"liver of {millilitres:.0f} ml"
    lesions = study.masks.get("lesions")
    if lesions is not None and lesions[1].matches(geometry) and lesions[0].any():
        outside = float((liver[lesions[0] > 0] == 0).mean())
        if outside > 0.5:
            yield "warning", "mask place", f"{outside:.0%} of the lesion voxels lie outside the liver"


def _table(study: Study) -> Iterator[tuple[str, str, str]]:
    if study.lesion_table is None or "lesions" not in study.masks:
        return
    drawn = {int(i) for i in np.unique(study.masks["lesions"][0]) if i > 0}
    told = {row.lesion_id for row in study.lesion_table}
    if told - drawn:
        yield "error", "mask against table", f"lesions {sorted(told - drawn)} are in the table but not in the mask"
    if drawn - told:
        yield "warning", "mask against table", f"lesions {sorted(drawn - told)} are in the mask but not in the table"


def _doubles(facts: Sequence[CaseFacts]) -> list[Complaint]:
    found = []
    for i, one in enumerate(facts):
        for other in facts[i + 1 :]:
            parted = one.subset != other.subset
            if one.patient == other.patient:
                if parted:
                    text = f"patient {one.patient} is in sets {one.subset} and {other.subset}: {one.case}, {other.case}"
                    found.append(Complaint(other.case, "error", "leak", text))
            elif _same(one, other):
                where = f"; they lie in sets {one.subset} and {other.subset}" if parted else ""
                text = f"shows the same scan as {one.case}, under another patient{where}"
                found.append(Complaint(other.case, "error", "leak" if parted else "double", text))
    return found


def _shared(facts: Sequence[CaseFacts], others: Sequence[CaseFacts], name: str) -> list[Complaint]:
    pairs = ((one, other) for one in facts for other in others if _same(one, other))
    return [
        Complaint(a.case, "error", "shared", f"shows the same scan as {b.case} of {name}; keep both in one split")
        for a, b in pairs
    ]


def _same(one: CaseFacts, other: CaseFacts) -> bool:
    return any(alike(a, b) for a in one.thumbnails for b in other.thumbnails)


def repair(root: Path, found: Audit, out: Path, *, namer: Namer | None = None) -> list[str]:
    """Write a repaired copy of the cohort in our layout, and ``repairs.csv``; returns the lines of the log.

    Left out: cases that cannot be read, those whose known defect has no repair, later copies of a scan. A mask that
    is empty is left out; one on a grid of its own is taken to the reference phase. Nothing else is touched. ``namer``
    is that of the audit: it names the phases of sources that do not tell them.

    Raises:
        InputError: when ``out`` is there already.
    """
    if out.exists() and any(out.iterdir()):
        raise InputError(f"'{out}' is not empty. Give --fix a new folder.")
    adapter = open_cohort(root, layout=found.layout, namer=namer)
    log: list[tuple[str, str, str]] = []
    for case in adapter.cases():
        own = [c for c in found.complaints if c.case == case and c.level == "error"]
        reason = next((c for c in own if c.kind in ("unreadable", "known defect", "double", "leak")), None)
        if reason is not None:
            log.append((case, "left out", f"{reason.kind}: {reason.text}"))
            continue
        study, done = _repaired(adapter.load(case))
        write_case(study, out / case)
        log += [(case, *item) for item in done]
    text = _csv(("case", "action", "why"), log)
    write_text(out / "repairs.csv", text)
    patients = [(case, adapter.patient(case)) for case in adapter.cases() if (out / case).is_dir()]
    write_text(out / "metadata.csv", _csv(("case", "patient"), patients))
    return text.splitlines()[1:]


def _repaired(study: Study) -> tuple[Study, list[tuple[str, str]]]:
    grid = study.phase(study.reference()).geometry
    masks = dict(study.masks)
    done = []
    grids = [volume.geometry for volume in study.phases.values()]
    for name, (array, geometry) in study.masks.items():
        if not array.any() and name != "lesions":
            del masks[name]
            done.append((FIXES["empty mask"], f"{name} is empty"))
        elif not any(geometry.matches(own) for own in grids):
            moved = resample(array.astype(np.float32), geometry, grid, order=0, fill=0).astype(array.dtype)
            masks[name] = (moved, grid)
            done.append((FIXES["mask grid"], f"{name} to the grid of {study.reference()}"))
    return replace(study, masks=masks), done


def write_audit(found: Audit, out: Path) -> list[Path]:
    """Write ``doctor.html``, one page, and ``doctor.csv``, one row per complaint; returns both paths."""
    rows = [(c.case, c.level, c.kind, c.text) for c in found.complaints]
    write_text(out / "doctor.csv", _csv(("case", "level", "kind", "text"), rows))
    write_text(out / "doctor.html", _page(found))
    return [out / "doctor.html", out / "doctor.csv"]


def _page(found: Audit) -> str:
    counts = {level: sum(c.level == level for c in found.complaints) for level in ("error", "warning", "note")}
    phases = {p.value: sum(p.value in f.phases for f in found.facts) for p in Phase}
    there = [
        (
            f.case,
            f.patient,
            f.subset,
            " ".join(f.phases),
            " x ".join(f"{s:.3g}" for s in f.spacing_xyz_mm),
            "" if f.liver_ml is None else f"{f.liver_ml:.0f}",
            "" if f.num_lesions is None else f.num_lesions,
        )
        for f in found.facts
    ]
    wrong = [(c.case, c.level, c.kind, c.text) for c in found.complaints]
    summary = ", ".join(f"{n} {level}{'' if n == 1 else 's'}" for level, n in counts.items())
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(found.cohort)}: doctor</title><style>body{{font:15px sans-serif;margin:2em}}"
        "div{overflow-x:auto}table{border-collapse:collapse}"
        "td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}</style>"
        f"<h1>{html.escape(found.cohort)}</h1><p>Layout {html.escape(found.layout)}; {len(found.facts)} readable "
        f"case(s); {', '.join(f'{p} {n}' for p, n in phases.items())}; {summary}.</p>"
        f"<h2>What is wrong</h2>{_table_html(('case', 'level', 'kind', 'what'), wrong)}"
        "<h2>What is there</h2>"
        f"{_table_html(('case', 'patient', 'set', 'phases', 'spacing x, y, z (mm)', 'liver (ml)', 'lesions'), there)}"
        "</html>\n"
    )


def _table_html(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    cells = "".join("<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in row) + "</tr>" for row in rows)
    if not rows:
        return "<p>Nothing.</p>"
    return "<div><table><tr>" + "".join(f"<th>{name}</th>" for name in head) + f"</tr>{cells}</table></div>"


def _csv(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(head)
    table.writerows(rows)
    return text.getvalue()
