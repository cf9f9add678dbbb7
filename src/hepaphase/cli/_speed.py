"""``hepaphase benchmark speed``: every budget, measured."""

import tempfile
from pathlib import Path

import click

from ._options import FOLDER, OUT


@click.command()
@click.argument("out", type=OUT)
@click.option("--jobs", help="Only these, with commas; a wrong name lists them. Default: all but tests.")
@click.option(
    "--runs", type=click.IntRange(min=1), help="Of each job; default 5 of help, 1 of wheel and tests, else 3."
)
@click.option(
    "--work", type=FOLDER, help="Folder for studies of 1 GB, kept for the next time; default a temporary one."
)
@click.option("--quick", is_flag=True, help="The same jobs in tiny.")
def speed(out: Path, jobs: str | None, runs: int | None, work: Path | None, quick: bool) -> None:
    """Measure help, demo, read, simulate and the wheel against their budgets, in fresh processes.

    Wall and CPU seconds, and peak memory with children. Writes runs.csv and table.md to OUT; runs that are there are
    kept. Where the machine does other work, go by the CPU seconds.
    """
    from ..benchmark.speed.run import Order, measure_all

    order = Order(runs=runs, is_quick=quick)
    if jobs is not None:
        order = Order(jobs=tuple(name.strip() for name in jobs.split(",")), runs=runs, is_quick=quick)
    with tempfile.TemporaryDirectory(prefix="hepaphase-") as temporary:
        place = work or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        click.echo(measure_all(order, out, place, click.echo))
