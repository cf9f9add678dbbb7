"""Train one reader on scanned or filled cases, read the test cohort as each reading shows it, write its patients."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from ...base.errors import InputError
from ...base.log import track
from ...bundle.bundle import Bundle
from ...diagnosis.diagnose import Reader
from ...evaluation.reading import Truth
from ...evaluation.rows import PatientRow, write_rows
from ...study.study import AlignedStudy
from ...synthesis.protocol import Generator
from ...training.cohort import Cohort, Split, open_cohort
from ...training.loop import Options, fit
from ...training.scans import require_unseen
from ..ask import read_study, tuned
from ..cases import load_case
from ..order import NUM_TUNING, Order
from .settings import Training, row_name, training
from .show import Shower


def drive(
    order: Order, data: Split, filled: Path | None, test: Path, out: Path, *, generator: Generator, quiet: bool = False
) -> list[Path]:
    """Train (or go on) below ``out/runs`` and write ``out/TRAINING-on-READING-seedN.csv`` for each of its readings.

    Args:
        order: what.
        data: scanned training and validation cases.
        filled: the same training cases filled from NC (``hepaphase fill``); only for trainings that want them.
        test: scanned cases.
        out: where rows and runs go.
        generator: makes the phases of the test patients.
        quiet: no progress bar.

    Raises:
        UnknownNameError: for a training that does not exist.
        InputError: when a cohort holds no case, filled cases are missing or of other patients, or a case has no truth.
    """
    kind = training(order.training)
    run = replace(kind.run(seed=order.seed, quick=order.quick), threads=order.threads)
    folder = out / "runs" / f"{order.training}-seed{order.seed}"
    options = Options(resume=(folder / "run.json").exists(), quiet=quiet, tensorboard=False)
    fitted = fit(run, Split(training_cases(kind, data.training, filled), data.validation), folder, options=options)
    shower = Shower(generator, order.told)
    bundle = tuned(
        Bundle.load(fitted.bundle, kind="diagnosis"), _shown(data.validation.files[:NUM_TUNING], shower, kind.readings)
    )
    bundle.save(folder / "model.hepa")
    reader = Reader.from_bundle(bundle)
    files = open_cohort(test).files[: order.at_most or None]
    require_unseen(files, {order.training: bundle.card})
    rows: dict[str, list[PatientRow]] = {reading: [] for reading in kind.readings}
    torch.set_num_threads(order.threads)
    for path in track(files, title="Reading", total=len(files), quiet=quiet):
        case = load_case(path)
        for reading, found in rows.items():
            found.append(read_study(shower.show(case, reading), case.truth, reader, ("liver_max",))["liver_max"])
    facts = {
        "trained": order.training,
        **order.facts(test, num_steps=run.num_steps),
        "generator": order.generator if order.told else f"{order.generator}, untold",
        "background_logit": f"{reader.read.background_logit:g}",
    }
    written = []
    for reading, found in rows.items():
        path = out / f"{row_name(order.training, reading)}-seed{order.seed}.csv"
        write_rows(path, found, {"row": row_name(order.training, reading), **facts})
        written.append(path)
    return written


def training_cases(kind: Training, scanned: Cohort, filled: Path | None) -> Cohort:
    """The examples of a training: scanned cases, filled ones of the same patients, or both.

    Raises:
        InputError: when filled cases are wanted and not given, or are not those of ``scanned``.
    """
    if not kind.filled:
        return scanned
    if filled is None:
        raise InputError("This training wants cases filled from NC. Make them (hepaphase fill) and give --filled.")
    made = open_cohort(filled)
    if [p.name for p in made.files] != [p.name for p in scanned.files]:
        raise InputError(
            f"{filled} holds {len(made)} cases, the training cohort {len(scanned)}; they must be the same patients. "
            "Fill the training cohort again."
        )
    return replace(made, files=(*scanned.files, *made.files), name=f"{scanned.name}, filled") if kind.scanned else made


def _shown(files: tuple[Path, ...], shower: Shower, readings: tuple[str, ...]) -> Iterator[tuple[AlignedStudy, Truth]]:
    for path in files:
        case = load_case(path)
        yield shower.show(case, readings[0]), case.truth
