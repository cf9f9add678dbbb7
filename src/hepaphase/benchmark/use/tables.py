"""Does a generated phase help the reader? The table, and each comparison with its verdict."""

from pathlib import Path

from ...base.errors import InputError
from ...evaluation.bootstrap import Bootstrap
from ...evaluation.equivalence import verdicts
from ...evaluation.patient import Statistic, summarize
from ...evaluation.rows import PatientRow, read_facts, read_rows
from .settings import COMPARED, READINGS, TRAININGS, row_name

STATISTICS = (
    "AUC-8",
    "AUC-2",
    "malignant AUC",
    "lesion recall",
    "lesion precision",
    "false lesions per lesion-free scan",
)
FACTS = ("scale", "cohort", "steps", "generator")
"""That all rows must share."""


def make_tables(results: Path, config: Bootstrap | None = None) -> str:
    """All rows below ``results`` in Markdown, one seed per reader; what has not been trained is said.

    Raises:
        InputError: when there is no row, or rows are of different patients or made differently.
    """
    found, shared = _collect(results)
    if not found:
        raise InputError(
            f"{results} holds no row (TRAINED-on-SHOWN-seedN.csv). Train one: hepaphase benchmark use-row."
        )
    lines = [
        f"Simulated. Scale {shared['scale']}, {shared['steps']} steps, seed 0, test cohort {shared['cohort']}, "
        f"generator {shared['generator']}; n = {len(next(iter(found.values())))}; 95 % intervals by patient.",
        "",
        "| trained on | shown | " + " | ".join(STATISTICS) + " |",
        "|---" * (len(STATISTICS) + 2) + "|",
    ]
    lines += [_line(name, rows, config) for name, rows in found.items()]
    lines += [
        "",
        "| row | minus | AUC-8 | AUC-2 | malignant AUC | at a margin of 0.02 in AUC-8 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_verdict(a, b, found, config) for a, b in COMPARED if a in found and b in found]
    missing = [t.title for name, t in TRAININGS.items() if not any(row.startswith(f"{name}-on-") for row in found)]
    return "\n".join([*lines, "", *([f"Not trained yet: {', '.join(missing)}."] if missing else [])])


def _collect(results: Path) -> tuple[dict[str, list[PatientRow]], dict[str, str]]:
    found: dict[str, list[PatientRow]] = {}
    shared: dict[str, str] = {}
    for name, kind in TRAININGS.items():
        for reading in kind.readings:
            path = results / f"{row_name(name, reading)}-seed0.csv"
            if not path.exists():
                continue
            for fact, value in read_facts(path, FACTS).items():
                if shared.setdefault(fact, value) != value:
                    raise InputError(f"{path.name} has {fact} '{value}', other rows '{shared[fact]}'. Make them alike.")
            found[row_name(name, reading)] = sorted(read_rows(path), key=lambda row: row.case)
    if len({tuple(row.case for row in rows) for rows in found.values()}) > 1:
        raise InputError(f"The rows in {results} are of different patients. Keep one test cohort per folder.")
    return found, shared


def _line(name: str, rows: list[PatientRow], config: Bootstrap | None) -> str:
    trained, shown = name.split("-on-")
    own = {s.name: s for s in summarize(rows, config)}
    cells = [_cell(own.get(statistic)) for statistic in STATISTICS]
    return f"| {TRAININGS[trained].title} | {READINGS[shown]} | " + " | ".join(cells) + " |"


def _cell(found: Statistic | None) -> str:
    return "" if found is None else f"{found.interval.value:.3f} [{found.interval.low:.3f}, {found.interval.high:.3f}]"


def _verdict(a: str, b: str, found: dict[str, list[PatientRow]], config: Bootstrap | None) -> str:
    tested = {v.name: v for v in verdicts(found[a], found[b], config=config)}
    cells = [
        f"{v.difference.value:+.3f} [{v.difference.low:+.3f}, {v.difference.high:+.3f}]"
        for name in ("AUC-8", "AUC-2", "malignant AUC")
        if (v := tested[name])
    ]
    return f"| {a} | {b} | {' | '.join(cells)} | {tested['AUC-8'].words} |"
