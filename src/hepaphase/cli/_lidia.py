"""``hepaphase benchmark lidia-*``: the tables of the LIDIA paper, row by row."""

from pathlib import Path
from typing import Any

import click

from ._options import FILE, FOLDER, OUT


@click.command("lidia-row")
@click.argument("training")
@click.argument("prepared", type=FOLDER)
@click.argument("test", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--seed", default=0, show_default=True, help="Of weights, order and augmentation.")
@click.option("--quick", is_flag=True, help="The same row in tiny, in seconds.")
@click.option(
    "--steps", "num_steps", type=click.IntRange(min=0), default=0, help="Of training, in place of the scale's 1000."
)
@click.option("--cohort", default="", help="Name of the test cohort, written beside every figure.")
@click.option("--threads", default=2, show_default=True, help="Of one training.")
@click.option("--cases", default=0, show_default=True, help="Only the first so many test cases; 0 for all.")
def lidia_row(training: str, prepared: Path, test: Path, out: Path, **options: Any) -> None:
    """Train TRAINING of LIDIA's tables on PREPARED at the scale `table` and read TEST.

    PREPARED and TEST hold prepared crops. Writes ROW-seedN.csv to OUT for each row that reads this training, and the
    run to OUT/runs; a run that was stopped goes on. A wrong name lists the trainings.
    """
    from ..benchmark.lidia.drive import drive
    from ..benchmark.order import Order
    from ..training.cohort import open_split

    at_most = options.pop("cases")
    order = Order(training=training, at_most=at_most, **options)
    for path in drive(order, open_split(prepared), test, out):
        click.echo(f"{path}")


@click.command("lidia-read")
@click.argument("runs", type=FOLDER)
@click.argument("test", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--cohort", default="", help="Name of the test cohort, written beside every figure.")
@click.option("--threads", default=2, show_default=True, help="Of the reading.")
@click.option("--cases", default=0, show_default=True, help="Only the first so many test cases; 0 for all.")
def lidia_read(runs: Path, test: Path, out: Path, **options: Any) -> None:
    """Read another TEST cohort with every finished training in RUNS, which lidia-row leaves beside its rows.

    Nothing is trained and nothing chosen anew. Writes ROW-seedN.csv to OUT for each row that reads a training; rows
    that are there already are kept.
    """
    from ..benchmark.lidia.drive import read_again
    from ..benchmark.order import Order

    at_most = options.pop("cases")
    for path in read_again(runs, test, out, order=Order(training="", at_most=at_most, **options)):
        click.echo(f"{path}")


@click.command("lidia-nnunet")
@click.argument("prepared", type=FOLDER)
@click.argument("test", type=FOLDER)
@click.argument("out", type=OUT)
@click.option(
    "--nnunet", "commands", type=FOLDER, help="Folder of nnU-Net's commands, such as ENV/bin; else the search path's."
)
@click.option("--runs", type=FOLDER, help="Train nothing: read TEST with the finished run that is here (ROWS/runs).")
@click.option("--seed", default=0, show_default=True, help="Of weights, order and augmentation.")
@click.option("--quick", is_flag=True, help="The same row in tiny.")
@click.option("--cohort", default="", help="Name of the test cohort, written beside every figure.")
@click.option("--threads", default=2, show_default=True, help="Of training and reading.")
@click.option("--cases", default=0, show_default=True, help="Only the first so many test cases; 0 for all.")
def lidia_nnunet(
    prepared: Path, test: Path, out: Path, commands: Path | None, runs: Path | None, **options: Any
) -> None:
    """Train nnU-Net v2 itself on PREPARED at the scale `table` and read TEST, as a row of LIDIA's tables.

    nnU-Net's commands run in their own environment. Writes nnunetv2-seedN.csv to OUT and the run, with what nnU-Net
    says, to OUT/runs; a run that was stopped goes on.
    """
    from ..benchmark.nnunet.drive import drive, read_again
    from ..benchmark.order import Order
    from ..training.cohort import open_split

    order = Order(training="nnunetv2", at_most=options.pop("cases"), **options)
    data = open_split(prepared)
    if runs is None:
        click.echo(f"{drive(order, data, test, out, commands=commands)}")
    else:
        click.echo(f"{read_again(order, data, test, out, runs=runs, commands=commands)}")


@click.command("lidia-galsce")
@click.argument("prepared", type=FOLDER)
@click.argument("test", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--reader", type=FILE, required=True, help="Marks the lesions: ROWS/runs/nnunet-seedN/model.hepa.")
@click.option("--seed", default=0, show_default=True, help="Of weights, order and augmentation.")
@click.option("--quick", is_flag=True, help="The same row in tiny.")
@click.option("--cohort", default="", help="Name of the test cohort, written beside every figure.")
@click.option("--threads", default=2, show_default=True, help="Of training and reading.")
@click.option("--cases", default=0, show_default=True, help="Only the first so many test cases; 0 for all.")
def lidia_galsce(prepared: Path, test: Path, out: Path, reader: Path, **options: Any) -> None:
    """Train GALS-CE's classifier of eight classes on PREPARED and name TEST, as a row of LIDIA's tables.

    It takes the lesions that the reader marks. Writes galsce_8-seedN.csv to OUT and the run to OUT/runs; a run that
    was stopped goes on.
    """
    from ..benchmark.lidia.galsce import drive
    from ..benchmark.order import Order
    from ..bundle.bundle import Bundle
    from ..training.cohort import open_split

    order = Order(training="galsce_8", at_most=options.pop("cases"), **options)
    click.echo(f"{drive(order, open_split(prepared), test, out, reader=Bundle.load(reader, kind='diagnosis'))}")


@click.command("lidia-tables")
@click.argument("results", type=FOLDER)
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
def lidia_tables(results: Path, resamples: int) -> None:
    """Make LIDIA's tables from the rows in RESULTS, with intervals, paired tests and the published figures beside.

    Rows that have not been trained are said. Writes tables.md to RESULTS.
    """
    from ..base.atomic import write_text
    from ..benchmark.lidia.tables import make_tables
    from ..evaluation.bootstrap import Bootstrap

    text = make_tables(results, Bootstrap(num_resamples=resamples))
    write_text(results / "tables.md", text)
    click.echo(text)


COMMANDS = (lidia_row, lidia_read, lidia_nnunet, lidia_galsce, lidia_tables)
