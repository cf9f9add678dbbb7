"""The row whole: export, plan, train, predict, read; each step is done once and goes on where it was stopped."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...base.atomic import write_json
from ...base.errors import InputError, OutputError
from ...evaluation.rows import write_rows
from ...training.cohort import Split, open_cohort
from ...training.folder import RunFolder
from ..order import NUM_TUNING, Order
from .program import FIXED_PLANS, Program
from .raw import write_asked, write_training
from .read import chosen_reading, read_rows_of
from .scale import TABLE, TINY, Scale, fixed_plan
from .trainer import RECORD, write_trainer

ROW = "nnunetv2"


def drive(
    order: Order, data: Split, test: Path, out: Path, *, commands: Path | None = None, quiet: bool = False
) -> Path:
    """Train nnU-Net v2 (or go on) below ``out/runs`` and write ``out/nnunetv2-seedN.csv``.

    It learns from the training cases alone; the background's logit is chosen on validation cases, as for other rows.

    Args:
        order: seed, size, threads and number of test cases; its training is this one.
        data: prepared training and validation cases.
        test: folder of prepared test cases.
        out: where rows and runs go.
        commands: folder of nnU-Net's commands; None looks for them on the search path.
        quiet: no progress bar.

    Raises:
        MissingExtraError: when nnU-Net is not installed there.
        InputError: when one of its commands fails, or a case lacks a phase or its truth.
        OutputError: when the folder of the run holds another, or another process works in it.
    """
    scale = TINY if order.quick else TABLE
    home = out / "runs" / f"{ROW}-seed{order.seed}"
    program = Program(commands=commands, home=home, threads=order.threads)
    program.check()
    tuning, files = data.validation.files[:NUM_TUNING], open_cohort(test).files[: order.at_most or None]
    with RunFolder(home).locked():
        _claim(home, {**_settings(order, scale), "training": data.training.fingerprint(), "test": test.resolve().name})
        write_training(data.training, program.raw, seed=order.seed, quiet=quiet)
        for name, paths in (("validation", tuning), ("test", files)):
            write_asked(paths, home / "asked" / name, quiet=quiet)
        _train(program, scale, order)
        for name in ("validation", "test") if tuning else ("test",):
            program.predict(home / "asked" / name, home / "said" / name)
    return _read(_Said(home, "test", program.result / RECORD), order, tuning, test, out, quiet=quiet)


def read_again(
    order: Order,
    data: Split,
    test: Path,
    out: Path,
    *,
    runs: Path,
    commands: Path | None = None,
    quiet: bool = False,
) -> Path:
    """Read ``test`` with the finished run of :func:`drive` below ``runs``; nothing is trained or chosen anew.

    ``data`` is the cohort of the run, whose validation cases chose the background's logit.

    Raises:
        MissingExtraError: when nnU-Net is not installed there.
        InputError: when the run is not finished or is of other training cases; else as :func:`drive`.
    """
    home = runs / f"{ROW}-seed{order.seed}"
    program = Program(commands=commands, home=home, threads=order.threads)
    program.check()
    tuning, cohort = data.validation.files[:NUM_TUNING], open_cohort(test)
    if not (program.result / RECORD).is_file() or not (home / "run.json").is_file():
        raise InputError(f"{home} is no finished run of nnU-Net. Finish it first: hepaphase benchmark lidia-nnunet.")
    if json.loads((home / "run.json").read_text(encoding="utf-8")).get("training") != data.training.fingerprint():
        raise InputError(f"{home} was trained on other cases than those of COHORT. Give the cohort it was trained on.")
    name = f"test-{cohort.fingerprint()}-{order.at_most}"
    with RunFolder(home).locked():
        write_asked(cohort.files[: order.at_most or None], home / "asked" / name, quiet=quiet)
        program.predict(home / "asked" / name, home / "said" / name)
    return _read(_Said(home, name, program.result / RECORD), order, tuning, test, out, quiet=quiet)


@dataclass(frozen=True, slots=True)
class _Said:
    """What nnU-Net has said of the test patients."""

    home: Path
    name: str
    record: Path


def _read(said: _Said, order: Order, tuning: Sequence[Path], test: Path, out: Path, *, quiet: bool) -> Path:
    """The patients of the row, from probabilities; the background's logit is chosen on ``tuning``."""
    scale = TINY if order.quick else TABLE
    record = json.loads(said.record.read_text(encoding="utf-8"))
    torch.set_num_threads(order.threads)
    read = chosen_reading(tuning, said.home / "said" / "validation")
    files = open_cohort(test).files[: order.at_most or None]
    rows = read_rows_of(files, said.home / "said" / said.name, read, quiet=quiet)
    path = out / f"{ROW}-seed{order.seed}.csv"
    facts = {
        "row": ROW,
        "training": ROW,
        **order.facts(test, num_steps=scale.num_steps),
        "background_logit": f"{read.background_logit:g}",
        "program": f"nnunetv2 {record['nnunetv2']}, {record['weights']} weights",
        "changed": scale.changes,
    }
    write_rows(path, rows, facts)
    return path


def _train(program: Program, scale: Scale, order: Order) -> None:
    program.make_plan()
    planned = json.loads(program.plan.read_text(encoding="utf-8"))
    write_json(program.plan.with_name(f"{FIXED_PLANS}.json"), fixed_plan(planned, scale, name=FIXED_PLANS))
    program.preprocess()
    write_trainer(program.trainers, scale, seed=order.seed, threads=order.threads)
    program.train()


def _settings(order: Order, scale: Scale) -> dict[str, Any]:
    return {"seed": order.seed, "steps": scale.num_steps, "changed": scale.changes, "test cases": order.at_most}


def _claim(home: Path, settings: dict[str, Any]) -> None:
    """Take the folder for this run; one that holds another is refused by what differs."""
    path = home / "run.json"
    if not path.exists():
        write_json(path, settings)
        return
    earlier = json.loads(path.read_text(encoding="utf-8"))
    if differ := [name for name, value in settings.items() if earlier.get(name) != value]:
        raise OutputError(
            f"{home} holds a run of nnU-Net that differs in {', '.join(differ)}. Name another OUT or remove it."
        )
