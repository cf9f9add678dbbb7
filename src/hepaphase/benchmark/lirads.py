"""LI-RADS categories of the lesions that the reader finds in prepared patients, against what they are."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..base.atomic import write_text
from ..base.log import track
from ..bundle.bundle import Bundle
from ..diagnosis.diagnose import Diagnosis, Reader
from ..evaluation.bootstrap import Bootstrap
from ..evaluation.lesions import match_lesions
from ..evaluation.table import mean_by_patient
from ..report.lirads import category, why_withheld
from ..report.measure import measure_findings
from ..study.lesions import LESION_CLASSES, MALIGNANT
from ..study.phase import Phase
from ..training.cohort import open_cohort, read_prepared
from ..training.scans import require_unseen
from .cases import BenchmarkCase, load_case

CATEGORIES = ("LR-1", "LR-2", "LR-3", "LR-4", "LR-5", "LR-M")
FALSE = "no lesion"


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedRow:
    """One lesion that was found."""

    case: str
    at_risk: bool
    """Whether the category may be given: else it is what it would be."""
    true: str
    """Its class, or ``no lesion``."""
    category: str
    aphe: str
    washout: bool
    size_mm: float


def run(prepared: Path, diagnosis: Bundle, *, at_most: int = 0, quiet: bool = False) -> list[GradedRow]:
    """Rows of all found lesions of 113 mm^3 or more in patients of whom all four phases were scanned.

    Raises:
        InputError: when ``prepared`` holds no case, or one that trained the reader.
    """
    files = open_cohort(prepared).files[: at_most or None]
    require_unseen(files, {"diagnosis": diagnosis.card})
    reader = Reader.from_bundle(diagnosis)
    rows: list[GradedRow] = []
    for path in track(files, title="Grading", total=len(files), quiet=quiet):
        case = load_case(path)
        if all(p in case.study.hu for p in Phase):
            rows += graded(case, read_prepared(path).clinical, reader.diagnose(case.study))
    return rows


def graded(case: BenchmarkCase, clinical: Any, said: Diagnosis) -> list[GradedRow]:
    """What each lesion of ``said`` would be called, whoever the patient is."""
    study = replace(case.study, masks={**case.study.masks, "lesions": said.lesions}, clinical=dict(clinical))
    found = measure_findings(study, said.lesion_probabilities, said.patient)
    match = match_lesions(said.lesions, case.truth.lesions, voxel_mm3=case.truth.voxel_mm3)
    true = {f: case.truth.lesion_classes[t] for f, t in match.pairs}
    rows = []
    for finding in found.lesions:
        if finding.lesion_id not in match.found_ids:
            continue
        told = category(study, finding, found.liver_hu)
        rows.append(
            GradedRow(
                case=study.case,
                at_risk=not why_withheld(study),
                true=true.get(finding.lesion_id, FALSE),
                category=told.category,
                aphe=told.aphe,
                washout=told.washout,
                size_mm=round(finding.long_axis_mm, 1),
            )
        )
    return rows


def table(rows: Sequence[GradedRow], config: Bootstrap | None = None) -> str:
    """Lesions by class and category, and the shares that matter with intervals by patient, in Markdown."""
    lines = []
    for title, own in (("Patients at risk", [r for r in rows if r.at_risk]), ("All patients, as if at risk", rows)):
        lines += [f"{title}: {len({r.case for r in own})} with a found lesion, {len(own)} lesions.", ""]
        lines += [f"| class | {' | '.join(CATEGORIES)} |", "|---" * (len(CATEGORIES) + 1) + "|"]
        for name in (*LESION_CLASSES, FALSE):
            counts = [sum(r.true == name and r.category == c for r in own) for c in CATEGORIES]
            lines.append(f"| {name} | {' | '.join(map(str, counts))} |")
        groups = {
            "hcc given LR-5": ([r for r in own if r.true == "hcc"], ("LR-5",)),
            "hcc given LR-4 or LR-5": ([r for r in own if r.true == "hcc"], ("LR-4", "LR-5")),
            "benign given LR-5": ([r for r in own if r.true in _BENIGN], ("LR-5",)),
            "icc or metastasis given LR-M": ([r for r in own if r.true in ("icc", "metastasis")], ("LR-M",)),
            "icc or metastasis given LR-5": ([r for r in own if r.true in ("icc", "metastasis")], ("LR-5",)),
        }
        lines += ["", "| share | lesions | value |", "|---|---|---|"]
        lines += [f"| {name} | {len(part)} | {_share(part, among, config)} |" for name, (part, among) in groups.items()]
        lines.append("")
    return "\n".join(lines)


_BENIGN = tuple(key for key in LESION_CLASSES if key not in MALIGNANT)


def _share(rows: Sequence[GradedRow], among: Sequence[str], config: Bootstrap | None) -> str:
    return mean_by_patient([r.case for r in rows], [float(r.category in among) for r in rows], config)


def write(rows: Sequence[GradedRow], out: Path, facts: str, config: Bootstrap | None = None) -> str:
    """Write ``lirads.csv`` and ``table.md`` below ``out``; return the table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(GradedRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    write_text(out / "lirads.csv", text.getvalue())
    told = f"{facts}\n\n{table(rows, config)}"
    write_text(out / "table.md", told)
    return told
