"""Train one row of LIDIA's tables with one seed, read the test cohort, and write its patients."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from ...base.log import track
from ...base.seeds import stream
from ...bundle.bundle import Bundle
from ...diagnosis.diagnose import Reader
from ...diagnosis.patient_score import ScoreKind
from ...evaluation.rows import PatientRow, write_rows
from ...recipes.table import DELAYED_SHARE
from ...study.phase import Phase
from ...study.study import AlignedStudy
from ...training.cohort import Split, open_cohort
from ...training.loop import Options, fit
from ..ask import read_study, tuned
from ..cases import load_case
from ..inputs import only
from ..order import NUM_TUNING, Order
from .settings import TABLES, Training, training


def drive(order: Order, data: Split, test: Path, out: Path, *, quiet: bool = False) -> list[Path]:
    """Train (or go on) below ``out/runs`` and write ``out/ROW-seedN.csv`` for each row that reads the training.

    The background's logit is chosen on validation by the F1 of lesions; LiverMax, size and the patient branch are read
    from one pass over the test cohort. The delayed phase is given in two of three test patients, drawn by their names.

    Raises:
        UnknownNameError: for a training that does not exist.
        InputError: when a cohort holds no case, or a case without truth.
    """
    kind = training(order.training)
    run = replace(kind.run(seed=order.seed, quick=order.quick), threads=order.threads)
    folder = out / "runs" / f"{order.training}-seed{order.seed}"
    options = Options(resume=(folder / "run.json").exists(), quiet=quiet, tensorboard=False)
    fitted = fit(run, data, folder, options=options)
    seen = (load_case(path) for path in data.validation.files[:NUM_TUNING])
    bundle = tuned(Bundle.load(fitted.bundle, kind="diagnosis"), ((given(c.study, kind), c.truth) for c in seen))
    bundle.save(folder / "model.hepa")
    reader = Reader.from_bundle(bundle)
    files = open_cohort(test).files[: order.at_most or None]
    wanted = _wanted(order.training)
    read: dict[ScoreKind, list[PatientRow]] = {score: [] for score in wanted.values()}
    torch.set_num_threads(order.threads)
    for path in track(files, title="Reading", total=len(files), quiet=quiet):
        case = load_case(path)
        for score, row in read_study(given(case.study, kind), case.truth, reader, tuple(read)).items():
            read[score].append(row)
    facts = {
        "training": order.training,
        **order.facts(test, num_steps=run.num_steps),
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
