"""What stands below the main table of a reader: sizes, FROC, screening, subgroups, and what each phase is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..evaluation.bootstrap import Bootstrap, Indices, interval
from ..evaluation.correct import holm
from ..evaluation.delong import delong
from ..evaluation.froc import froc_statistics
from ..evaluation.lesion_rows import LesionRow
from ..evaluation.patient import Compute, Measure, Statistic, measures, summarize, truth_matrix
from ..evaluation.rows import PatientRow
from ..evaluation.screening import screening
from ..evaluation.sizes import by_size
from ..evaluation.subgroups import groups_of, subgroup_table
from ..evaluation.table import cell, markdown
from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase
from ..training.cohort import open_cohort, read_prepared
from .diagnosis import Result

MATRIX = ("AUC-8", "malignant AUC", "lesion recall", "lesion class accuracy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deep:
    """Which tables are wanted."""

    subsets: bool = False
    lesions: bool = False
    """By size and FROC, and subgroups."""
    validation: tuple[Result, ...] = ()
    """Readings that choose operating points; no screening table without them."""


def deep_text(results: Sequence[Result], prepared: Path, wanted: Deep, config: Bootstrap | None = None) -> str:
    """The wanted tables in Markdown; empty where none is."""
    parts = []
    if wanted.subsets:
        parts.append(subset_matrix(results, config))
    if wanted.lesions:
        parts += [lesion_tables(results, config), subgroup_tables(results, prepared, config)]
    if wanted.validation:
        parts.append(screening_table(wanted.validation, results, config))
    return "\n".join(parts)


def lesion_tables(results: Sequence[Result], config: Bootstrap | None = None) -> str:
    """Recall and class accuracy by size, and FROC, a column per setting."""
    kept = [r for r in results if r.rows]
    cases = {r.inputs.label: [row.case for row in r.rows] for r in kept}
    sizes = {r.inputs.label: by_size(r.lesions, cases[r.inputs.label], config) for r in kept}
    curves = {r.inputs.label: froc_statistics(r.lesions, cases[r.inputs.label], config) for r in kept}
    return f"## By size\n\n{markdown(sizes)}\n## FROC\n\n{markdown(curves)}"


def screening_table(validation: Sequence[Result], results: Sequence[Result], config: Bootstrap | None = None) -> str:
    """Operating points chosen on the validation results of the same setting."""
    chosen = {r.inputs.name: r.rows for r in validation}
    kept = [r for r in results if r.rows and chosen.get(r.inputs.name)]
    columns = {r.inputs.label: screening(chosen[r.inputs.name], r.rows, config) for r in kept}
    return f"## Screening\n\n{markdown(columns)}"


def subgroup_tables(results: Sequence[Result], prepared: Path, config: Bootstrap | None = None) -> str:
    """A table of subgroups per setting, from what the prepared cases say of their patients."""
    facts = case_facts(prepared)
    parts = []
    for result in (r for r in results if r.rows):
        radius = largest_radius(result.lesions)
        own = {case: {**known, "radius_mm": radius.get(case)} for case, known in facts.items()}
        table = subgroup_table(result.rows, groups_of(own), config)
        parts.append(f"### {result.inputs.label}\n\n{table}")
    return "## Subgroups\n\n" + "\n".join(parts)


def case_facts(prepared: Path) -> dict[str, dict[str, Any]]:
    """Case to sex, age, cirrhosis, scanner and phases, as far as the prepared cases say."""
    found = {}
    for path in open_cohort(prepared).files:
        case = read_prepared(path)
        known = {key: case.clinical[key] for key in ("sex", "age", "cirrhosis") if key in case.clinical}
        scanner = case.exam.get("scanner") or (f"{case.exam['kvp']:g} kVp" if "kvp" in case.exam else None)
        found[case.case] = {**known, "scanner": scanner, "phases": tuple(str(p) for p in case.hu)}
    return found


def largest_radius(lesions: Sequence[LesionRow]) -> dict[str, float]:
    """Case to the radius in mm of its largest true lesion; cases without one are left out."""
    largest: dict[str, float] = {}
    for row in lesions:
        if row.is_true:
            largest[row.case] = max(row.radius_mm, largest.get(row.case, 0.0))
    return largest


def subset_matrix(results: Sequence[Result], config: Bootstrap | None = None) -> str:
    """A line per subset of phases, and what each phase is worth: its mean gain over all pairs with and without it.

    Only patients whom every subset could read are compared.
    """
    cases = set.intersection(*({r.case for r in result.rows} for result in results))
    rows = {r.inputs.scanned: sorted((x for x in r.rows if x.case in cases), key=lambda x: x.case) for r in results}
    if not cases:
        return "No patient has every phase, so subsets cannot be compared.\n"
    lines = ["| phases | " + " | ".join(MATRIX) + " | n |", "|---" * (len(MATRIX) + 2) + "|"]
    for phases, own in rows.items():
        found = {s.name: s for s in summarize(own, config)}
        cells = [cell(found[name]) if name in found else "" for name in MATRIX]
        lines.append(f"| {', '.join(phases)} | " + " | ".join(cells) + f" | {len(own)} |")
    worth = {str(phase): _worth(phase, rows, config) for phase in Phase}
    title = "What a phase is worth: mean gain over all subsets with it, against the same without it"
    return "## Subsets\n\n" + "\n".join(lines) + f"\n\n{title}:\n\n{markdown(worth)}"


def _worth(
    phase: Phase, rows: Mapping[tuple[Phase, ...], Sequence[PatientRow]], config: Bootstrap | None
) -> list[Statistic]:
    having = [phases for phases in rows if phase in phases and len(phases) > 1]
    pairs = [(measures(rows[p]), measures(rows[tuple(q for q in p if q is not phase)])) for p in having]
    everyone = next(iter(rows.values()))
    statistics = []
    for name in MATRIX:
        gains = [(one[name], two[name]) for one, two in pairs if name in one and name in two]
        if gains:
            between = interval(_mean_gain(gains), truth_matrix(everyone), config)
            statistics.append(Statistic(name, between, len(everyone)))
    return statistics


def _mean_gain(pairs: Sequence[tuple[Measure, Measure]]) -> Compute:
    def compute(index: Indices) -> float:
        return float(sum(one.compute(index) - two.compute(index) for one, two in pairs) / len(pairs))

    return compute


def delong_table(rows: Sequence[PatientRow], baseline: Sequence[PatientRow]) -> str:
    """DeLong's test per class and for malignant, p-values corrected by Holm's rule, in Markdown."""
    partner = {row.case: row for row in baseline}
    pairs = [(row, partner[row.case]) for row in rows if row.case in partner]
    tests = {"malignant": delong(*_columns(pairs, ""))}
    tests |= {key: delong(*_columns(pairs, key)) for key in LESION_CLASSES}
    lines = ["| AUC of | ours | baseline | difference | p | p, corrected |", "|---|---|---|---|---|---|"]
    for (name, test), p in zip(tests.items(), holm([t.p for t in tests.values()]), strict=True):
        ours, theirs = test.auc
        lines.append(f"| {name} | {ours:.3f} | {theirs:.3f} | {test.difference:+.3f} | {test.p:.3f} | {p:.3f} |")
    return f"DeLong's test, {len(pairs)} patients:\n\n" + "\n".join(lines) + "\n"


def _columns(pairs: Sequence[tuple[PatientRow, PatientRow]], key: str) -> tuple[list[float], list[float], list[bool]]:
    """Scores of both and the truth, of one class or of malignant where ``key`` is empty."""
    if not key:
        return (
            [a.malignant_score for a, _ in pairs],
            [b.malignant_score for _, b in pairs],
            [a.malignant for a, _ in pairs],
        )
    return [a.score[key] for a, _ in pairs], [b.score[key] for _, b in pairs], [a.truth[key] for a, _ in pairs]
