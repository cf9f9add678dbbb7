"""Run the jobs, keep a row per run, and set the rows beside the budgets."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ... import __version__
from ...base.atomic import write_text
from ...base.errors import InputError, StudyError
from ...base.names import check_name
from .jobs import FULL, JOBS, QUICK, USUAL, Job
from .measure import load, machine, num_cores, run_fresh

_FIGURES = ("wall_s", "cpu_s", "peak_mib", "size_mb")
_COLUMNS = ("job", "run", *_FIGURES, "load", "note", "scale", "version", "machine")
ROWS, TABLE = "runs.csv", "table.md"
_IDLE = 0.5
"""Of a core's load; a machine with more has other work (our choice)."""
_GROWTH = 1.05
"""Memory that grows by less than this does not grow (our choice)."""

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to measure."""

    jobs: tuple[str, ...] = USUAL
    runs: int | None = None
    """Of each job; each job's own number when None."""
    is_quick: bool = False


def measure_all(order: Order, out: Path, work: Path, told: Callable[[str], None]) -> str:
    """Measure what is not measured yet; the table, which is also written to ``out`` with the rows.

    Rows of this machine, version and scale that are there already are kept.

    Args:
        order: what to measure.
        out: folder of ``runs.csv`` and ``table.md``.
        work: folder for what the jobs read and write.
        told: hears a line per run.

    Raises:
        UnknownNameError: for a job that does not exist.
        InputError: when ``out`` holds rows of something else.
    """
    names = [check_name(name, JOBS, kind="job") for name in order.jobs]
    own = {"scale": "quick" if order.is_quick else "full", "version": __version__, "machine": machine()}
    rows = _kept(out / ROWS, own)
    done = {(row["job"], row["run"]) for row in rows}
    todo = [(name, run) for name in names for run in range(1, (order.runs or JOBS[name].runs) + 1)]
    run_fresh(("-c", "import hepaphase.cli.main"))  # byte code and disk cache, once
    for name, run in todo:
        if (name, str(run)) in done:
            continue
        try:
            row = {"job": name, "run": str(run), **_measure(JOBS[name], work, order), **own}
        except StudyError as error:
            told(f"{name}: not measured. {error}")
            continue
        rows.append(row)
        told(f"{name}, run {run}: " + ", ".join(f"{key} {row[key]}" for key in _FIGURES if row[key]))
        write_text(out / ROWS, _csv(rows))
        write_text(out / TABLE, table(rows))
    write_text(out / TABLE, table(rows))
    return table(rows)


def _measure(job: Job, work: Path, order: Order) -> dict[str, str]:
    before = load()
    cost = job.measure(work, QUICK if order.is_quick else FULL)
    figures = {key: getattr(cost, key) for key in _FIGURES}
    shown = {key: "" if value is None else f"{value:.3f}" for key, value in figures.items()}
    return {**shown, "load": f"{before:.1f}", "note": cost.note}


def _kept(path: Path, own: Row) -> list[Row]:
    if not path.exists():
        return []
    rows: list[Row] = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    if odd := next((row for row in rows if any(row.get(key) != value for key, value in own.items())), None):
        said = ", ".join(f"{odd.get(key)}" for key in own)
        raise InputError(f"'{path}' was measured elsewhere or otherwise ({said}). Give another folder.")
    return rows


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def table(rows: Sequence[Row]) -> str:
    """Budgets and what was measured, median [lowest, highest] of the runs, in Markdown."""
    if not rows:
        return "Nothing was measured.\n"
    first = rows[0]
    head = (
        f"`hepaphase benchmark speed`, version {first['version']}, scale {first['scale']}. {first['machine']}.\n\n"
        "Each run is a fresh process; CPU seconds and memory are with its children. Median [lowest, highest] of the "
        "runs. Load: processes that wanted to run in the minute before, ours not among them.\n\n"
        "| job | budget | runs | wall, s | CPU, s | peak, MiB | size, MB | load before | held |\n"
        "|---|---|---|---|---|---|---|---|---|\n"
    )
    lines = [_line(name, job, own) for name, job in JOBS.items() if (own := [r for r in rows if r["job"] == name])]
    return head + "\n".join(lines) + "\n" + _field_of_view(rows) + _notes(rows)


def _line(name: str, job: Job, rows: Sequence[Row]) -> str:
    cells = [_range([float(r[key]) for r in rows if r[key]]) for key in _FIGURES]
    loads = _range([float(r["load"]) for r in rows])
    return f"| {job.what} | {job.budget} | {len(rows)} | {' | '.join(cells)} | {loads} | {held(job, rows)} |"


def held(job: Job, rows: Sequence[Row], *, cores: int | None = None) -> str:
    """Whether the medians keep the budget: yes or no; where other work took the cores, what the CPU seconds say."""
    wall_s, cpu_s, peak_mib, size_mb = (_median(rows, key) for key in _FIGURES)
    if job.megabytes is not None and size_mb is not None:
        return "yes" if size_mb < job.megabytes else "no"
    if job.gib is not None and peak_mib is not None and peak_mib >= job.gib * 1024:
        return "no"
    if job.seconds is None or wall_s is None or wall_s < job.seconds:
        return "yes"
    number = cores or num_cores()
    if cpu_s is None or cpu_s >= job.seconds * number or max(float(row["load"]) for row in rows) <= _IDLE * number:
        return "no"
    return "by its CPU seconds; other work ran" if cpu_s < job.seconds else "not told; other work ran"


def _field_of_view(rows: Sequence[Row]) -> str:
    short, tall = (_median([r for r in rows if r["job"] == name], "peak_mib") for name in ("read", "read-tall"))
    if short is None or tall is None:
        return ""
    verdict = "it does not grow" if tall < _GROWTH * short else "it grows"
    return f"\nMemory with as many slices of air again as there are of the body: {tall / short:.2f} times, {verdict}.\n"


def _notes(rows: Sequence[Row]) -> str:
    noted = {row["job"]: row["note"] for row in rows if row["note"]}
    return "".join(f"\n{JOBS[name].what}: {note} (last run).\n" for name, note in noted.items())


def _median(rows: Sequence[Row], key: str) -> float | None:
    values = [float(row[key]) for row in rows if row[key]]
    return median(values) if values else None


def _range(values: Sequence[float]) -> str:
    if not values:
        return ""
    middle, low, high = (_short(v) for v in (median(values), min(values), max(values)))
    return middle if len(values) == 1 else f"{middle} [{low}, {high}]"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
