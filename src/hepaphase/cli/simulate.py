"""``hepaphase simulate``: a cohort with known truth."""

from pathlib import Path

import click

from ._options import FOLDER


@click.command()
@click.argument("out", type=FOLDER)
@click.option("--cases", type=click.IntRange(min=1), required=True, help="How many patients.")
@click.option("--seed", type=click.IntRange(min=0), required=True, help="Seed of the first; the others count up.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes side by side.")
@click.option(
    "--grid",
    type=click.Choice(["abdomen", "liver"]),
    default="abdomen",
    show_default=True,
    help="abdomen: 128x128x64 voxels of 3 mm; liver: 64x64x48 of 4 mm around the liver.",
)
@click.option("--prepared", is_flag=True, help="Write crops for training (.npz, liver grid) instead of case folders.")
def command(out: Path, cases: int, seed: int, workers: int, grid: str, prepared: bool) -> None:
    """Simulate patients with four-phase studies and write them to OUT, with masks and a table of lesions.

    A patient depends on its seed alone: the same seeds give the same files with any number of workers.
    """
    from ..phantom.cohort import CohortOptions, write_cohort

    options = CohortOptions(grid="liver" if prepared else grid, prepared=prepared, workers=workers)
    names = write_cohort(out, range(seed, seed + cases), options)
    click.echo(f"{len(names)} case(s) in {out}")
