"""``hepaphase batch``: many studies, one process each."""

import sys
from pathlib import Path
from typing import Any

import click

from ._options import OUT


@click.command()
@click.argument("studies", metavar="LIST", type=click.Path(path_type=Path))
@click.argument("out", type=OUT)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="What runs it: this machine, or a Ray cluster (extra ray).",
)
@click.option("--address", help="Of the Ray cluster; default: the one on this machine, else one is started.")
@click.option("--workers", default=1, show_default=True, help="Studies read at once.")
@click.option("--minutes", default=30.0, show_default=True, help="A study that takes longer is ended.")
@click.option("--memory-gib", default=8.0, show_default=True, help="A study that needs more fails (Linux).")
def command(studies: Path, out: Path, options: tuple[str, ...], **given: Any) -> None:
    """Read many studies. LIST is a folder of them, a text file with a path per line, or a CSV file.

    Each is read by a process of its own into OUT/NAME: one that crashes, hangs or needs too much memory stops no other.
    What follows -- goes to hepaphase read, for every study. A CSV file needs the column source, and may have name,
    phases, complete, reference. OUT/summary.csv has a row per study, OUT/logs what each said. The same command again
    reads what is not read yet. The exit code is 1 when a study failed. Research use only.
    """
    from ..inference.batch import Batch, read_list, run_batch
    from ..inference.bounded import Bounds
    from .read import command as read

    jobs = read_list(studies)
    for own in {job.options for job in jobs}:
        read.make_context("hepaphase read", [str(studies), str(out), *options, *own])
    engine, address = given.pop("engine"), given.pop("address")
    asked = Batch(jobs=jobs, out=out, options=options, bounds=Bounds(**given), engine=engine, address=address)
    rows = run_batch(asked, click.echo)
    failed = [row for row in rows if row["state"] != "done"]
    click.echo(f"{out / 'summary.csv'}: {len(rows) - len(failed)} read, {len(failed)} failed. Research use only.")
    if failed:
        sys.exit(1)
