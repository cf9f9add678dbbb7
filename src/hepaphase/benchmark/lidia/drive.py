"""Train one row of LIDIA's tables with one seed, read the test cohort, and write its patients."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ...base.errors import InputError
from ...base.log import track
from ...base.seeds import stream
from ...bundle.bundle import Bundle
from ...diagnosis.diagnose import Reader
from ...diagnosis.patient_score import ScoreKind
from ...evaluation.rows import PatientRow, write_rows
from ...recipes.table import DELAYED_SHARE, recipe
from ...study.phase import Phase
from ...study.study import AlignedStudy
from ...training.cohort import Split, open_cohort
from ...training.loop import Options, fit
from ...training.run import Run
from ...training.scans import require_unseen
from ..ask import read_study, tuned
from ..cases import load_case
from ..inputs import only
from ..order import NUM_TUNING, Order
from .settings import TABLES, TRAININGS, Training, training


def drive(order: Order, data: Split, test: Path, out: Path, *, quiet: bool = False) -> list[Path]:
    """Train (or go on) below ``out/runs`` and write ``out/ROW-seedN.csv`` for each row that reads the training.

    The background's logit is chosen on validation by the F1 of lesions; LiverMax, size and the patient branch are read
    from one pass over the test cohort. The delayed phase is given in two of three test patients, drawn by their names.

    Raises:
        UnknownNameError: for a training that does not exist.
        InputError: when a cohort holds no case, a case without truth, or a test case that trained.
    """
    kind = training(order.training)
    run = _run(order)
    folder = out / "runs" / f"{order.training}-seed{order.seed}"
    options = Options(resume=(folder / "run.json").exists(), quiet=quiet, tensorboard=False)
    fitted = fit(run, data, folder, options=options)
    seen = (load_case(path) for path in data.validation.files[:NUM_TUNING])
    bundle = tuned(Bundle.load(fitted.bundle, kind="diagnosis"), ((given(c.study, kind), c.truth) for c in seen))
    bundle.save(folder / "model.hepa")
    return _read(order, bundle, test, out, quiet=quiet)


def read_again(runs: Path, test: Path, out: Path, *, order: Order, quiet: bool = False) -> list[Path]:
    """Read ``test`` with each finished training below ``runs``, as it was tuned there; rows in ``out`` are kept.

    ``order`` gives cohort, threads and number of cases; training, seed and size are those of each run.

    Raises:
        InputError: when no finished training of LIDIA's tables is there, or a case has no truth.
    """
    finished = [(name, f) for name in TRAININGS for f in sorted(runs.glob(f"{name}-seed[0-9]*")) if _num_steps(f)]
    if not finished:
        raise InputError(
            f"No finished training of LIDIA's tables is in {runs}. Give the folder 'runs' that lidia-row leaves in OUT."
        )
    written: list[Path] = []
    for name, folder in finished:
        seed = int(folder.name.rpartition("-seed")[2])
        there = [out / f"{row}-seed{seed}.csv" for row in _wanted(name)]
        if not all(path.is_file() for path in there):
            asked = replace(order, training=name, seed=seed, **_length(_num_steps(folder)))
            there = _read(asked, Bundle.load(folder / "model.hepa", kind="diagnosis"), test, out, quiet=quiet)
        written += there
    return written


def _run(order: Order) -> Run:
    run = training(order.training).run(seed=order.seed, quick=order.quick)
    return replace(run, threads=order.threads, num_steps=order.num_steps or run.num_steps)


def _length(num_steps: int) -> dict[str, Any]:
    """What an order says of a training that took so many steps."""
    return {"quick": num_steps == recipe().made_quick().num_steps, "num_steps": num_steps}


def _num_steps(folder: Path) -> int:
    """Steps of a finished run; 0 of any other folder."""
    if not (folder / "model.hepa").is_file():
        return 0
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return int(record["settings"]["num_steps"]) if "finished" in record else 0


def _read(order: Order, bundle: Bundle, test: Path, out: Path, *, quiet: bool) -> list[Path]:
    """Patients of every row that reads the training of ``order``, from one pass over the test cohort."""
    kind = training(order.training)
    reader = Reader.from_bundle(bundle)
    files = open_cohort(test).files[: order.at_most or None]
    require_unseen(files, {order.training: bundle.card})
    wanted = _wanted(order.training)
    read: dict[ScoreKind, list[PatientRow]] = {score: [] for score in wanted.values()}
    torch.set_num_threads(order.threads)
    for path in track(files, title=f"Reading, {order.training}", total=len(files), quiet=quiet):
        case = load_case(path)
        for score, row in read_study(given(case.study, kind), case.truth, reader, tuple(read)).items():
            read[score].append(row)
    facts = {
        "training": order.training,
        **order.facts(test, num_steps=_run(order).num_steps),
        "background_logit": f"{reader.read.background_logit:g}",
    }
    return [_write(out, row, order.seed, read[score], facts) for row, score in wanted.items()]


def _write(out: Path, row: str, seed: int, rows: Sequence[PatientRow], facts: Mapping[str, str]) -> Path:
    path = out / f"{row}-seed{seed}.csv"
    write_rows(path, rows, {"row": row, **facts})
    return path


def _wanted(name: str) -> dict[str, ScoreKind]:
    """Rows that read training ``name``, and by which score."""
    rows = {row: value for table in TABLES.values() for row, value in table.rows.items()}
    return {row: value.score for row, value in rows.items() if value.training == name}


def given(study: AlignedStudy, kind: Training) -> AlignedStudy:
    """The phases that a row reads of a test patient: all, the delayed one in two of three patients or in none."""
    has = kind.delayed and stream(0, "delayed", study.case).random() < DELAYED_SHARE
    kept = tuple(p for p in Phase if p in study.hu and (has or p is not Phase.DP))
    return only(study, kept or tuple(study.hu))
