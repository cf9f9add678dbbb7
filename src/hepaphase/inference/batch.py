"""Many studies, each read in a process of its own, so that one that fails takes no other with it."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base.atomic import UNFINISHED, write_json, write_text
from ..base.errors import InputError, OutputError
from ..io.archive import is_archive
from ..io.volume import is_volume
from .bounded import PROGRAM, Bounds, Order
from .engine import ENGINES
from .finished import finished, is_finished

SCHEMA = "hepaphase-batch/1"
SUMMARY, PLAN, LOGS = "summary.csv", "batch.json", "logs"
_COLUMNS = (
    *("name", "state", "case", "read_from", "num_lesions", "largest", "largest_mm", "malignant", "screening"),
    *("seconds", "peak_mib", "why"),
)
_DONE, _FAILED = "done", "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """One study of the list."""

    name: str
    """Of its folder below OUT."""
    source: Path
    options: tuple[str, ...] = ()
    """Of ``hepaphase read``, for this study alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What to read, where to, and how."""

    jobs: tuple[Job, ...]
    out: Path
    options: tuple[str, ...] = ()
    """Of ``hepaphase read``, for every study."""
    bounds: Bounds = field(default_factory=Bounds)
    program: tuple[str, ...] = PROGRAM
    engine: str = "local"
    """What runs them: a name of ``ENGINES``."""
    address: str | None = None
    """Of the engine's cluster."""


def read_list(path: Path) -> tuple[Job, ...]:
    """The studies of a list.

    A folder: everything in it that can be a source (folders, zips, volumes). A text file: a path per line, relative to
    the file; ``#`` begins a remark. A CSV file: a column ``source``, and where wanted ``name`` and options of ``read``
    that take a value, such as ``phases``, ``complete`` and ``reference``.

    Raises:
        InputError: when there is no such list, nothing in it, or two studies of one name.
    """
    if path.is_dir():
        jobs = [Job(_stem(p), p) for p in sorted(path.iterdir()) if _can_be_source(p)]
    elif not path.is_file():
        raise InputError(f"There is no list '{path}'. Give a folder of studies, or a file with a path per line.")
    elif path.suffix.lower() == ".csv":
        jobs = list(_from_csv(path))
    else:
        lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
        jobs = [Job(_stem(Path(line)), path.parent / line) for line in lines if line]
    if not jobs:
        raise InputError(f"'{path}' lists no study.")
    names = [job.name for job in jobs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(
            f"'{path}' lists two studies called '{twice}'. Name them in a CSV file (columns name, source)."
        )
    return tuple(jobs)


def _from_csv(path: Path) -> Iterator[Job]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if not row.get("source"):
            raise InputError(f"'{path}' needs a column 'source' with a path in every row.")
        given = {k: v for k, v in row.items() if k not in ("name", "source") and isinstance(v, str) and v.strip()}
        options = tuple(part for k, v in given.items() for part in (f"--{k}", v.strip()))
        yield Job((row.get("name") or "").strip() or _stem(Path(row["source"])), path.parent / row["source"], options)


def _can_be_source(path: Path) -> bool:
    return not path.name.startswith(".") and (path.is_dir() or is_archive(path) or is_volume(path))


def _stem(path: Path) -> str:
    return path.name if path.is_dir() else path.name.split(".")[0]


def run_batch(batch: Batch, told: Callable[[str], None]) -> list[dict[str, Any]]:
    """Read every study that is not read yet; one row per study, as in ``summary.csv``, which is kept up to date.

    A study whose folder holds a whole reading is done. One that failed before is tried again.

    Args:
        batch: what to do.
        told: hears a line per study that ended.

    Raises:
        UnknownNameError: for an engine that does not exist.
        ConfigError, MissingExtraError: when the engine cannot run.
        OutputError: when ``out`` holds a batch of other studies or options, or a name cannot be a folder's.
    """
    run = ENGINES.load(batch.engine)
    _check(batch)
    rows: dict[str, dict[str, Any]] = {}
    jobs = {job.name: job for job in batch.jobs}

    def ended(name: str, why: str, seconds: float | None) -> None:
        rows[name] = _row(batch.out / name, jobs[name], why, seconds)
        told(_line(rows[name], already=seconds is None))
        write_text(batch.out / SUMMARY, _table(batch.jobs, rows))

    whole = [name for name in jobs if is_finished(batch.out / name)]
    for name in whole:
        ended(name, "", None)
    orders = {name: order_of(batch, job) for name, job in jobs.items() if name not in whole}
    run(orders, ended, workers=batch.bounds.workers, address=batch.address)
    return [rows[job.name] for job in batch.jobs]


def order_of(batch: Batch, job: Job) -> Order:
    """One study of the batch, as its process is told."""
    return Order(
        source=job.source.absolute(),
        out=batch.out.absolute() / job.name,
        log=batch.out.absolute() / LOGS / f"{job.name}.log",
        options=(*batch.options, *job.options),
        bounds=batch.bounds,
        program=batch.program,
    )


def _check(batch: Batch) -> None:
    reserved = {SUMMARY, PLAN, LOGS, UNFINISHED}
    if odd := next((j.name for j in batch.jobs if j.name in reserved or Path(j.name).name != j.name), None):
        raise OutputError(f"'{odd}' cannot be the folder of a study. Name it otherwise in a CSV file (column name).")
    studies = [{"name": job.name, "options": list(job.options)} for job in batch.jobs]
    plan = {
        "schema": SCHEMA,
        "research_use_only": True,
        "options": list(batch.options),
        "studies": studies,
    }
    path = batch.out / PLAN
    if path.exists():
        held = json.loads(path.read_text(encoding="utf-8"))
        known = {study["name"]: study for study in held.get("studies", [])}
        if held.get("options") != plan["options"] or any(known.get(s["name"], s) != s for s in studies):
            raise OutputError(
                f"'{batch.out}' holds a batch with other options. Give a new folder, or the same options."
            )
    elif batch.out.exists() and any(p.name != UNFINISHED for p in batch.out.iterdir()):
        raise OutputError(f"The folder {batch.out.name} is not empty and holds no batch. Give a new one.")
    write_json(path, plan)
    (batch.out / LOGS).mkdir(exist_ok=True)


def _row(folder: Path, job: Job, why: str, seconds: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": job.name, "state": _FAILED if why else _DONE, "why": why}
    if seconds is not None:
        row["seconds"] = f"{seconds:.1f}"
    return row if why else {**finished(folder), **row}


def _line(row: Mapping[str, Any], *, already: bool) -> str:
    if row["state"] == _FAILED:
        return f"{row['name']}: failed: {row['why']}"
    when = "done before" if already else f"done in {row['seconds']} s"
    return f"{row['name']}: {when}, {row['num_lesions']} lesion(s), malignant {row['malignant']:.2f}"


def _table(jobs: Sequence[Job], rows: Mapping[str, Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[job.name] for job in jobs if job.name in rows)
    return text.getvalue()
