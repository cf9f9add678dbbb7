"""``hepaphase simulate``: a cohort with known truth."""

from collections.abc import Sequence
from pathlib import Path

import click

from ._options import FOLDER


@click.command()
@click.argument("out", type=FOLDER)
@click.option("--cases", type=click.IntRange(min=1), help="How many patients; with --seed.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the first; the others count up.")
@click.option("--cohort", help="A cohort with a frozen name, such as main-test, in place of --cases and --seed.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes side by side.")
@click.option(
    "--grid",
    type=click.Choice(["abdomen", "liver"]),
    default="abdomen",
    show_default=True,
    help="abdomen: 128x128x64 voxels of 3 mm; liver: 64x64x48 of 4 mm around the liver.",
)
@click.option("--prepared", is_flag=True, help="Write crops for training (.npz, liver grid) instead of case folders.")
def command(
    out: Path, cases: int | None, seed: int | None, cohort: str | None, workers: int, grid: str, prepared: bool
) -> None:
    """Simulate patients with four-phase studies and write them to OUT, with masks and a table of lesions.

    A patient depends on its seed alone: the same seeds give the same files with any number of workers. Cases that are
    already in OUT are kept.
    """
    from ..phantom.cohort import CohortOptions, write_cohort

    options = CohortOptions(grid="liver" if prepared else grid, prepared=prepared, workers=workers)
    names = write_cohort(out, _seeds(cases, seed, cohort), options)
    click.echo(f"{len(names)} case(s) in {out}")


def _seeds(cases: int | None, seed: int | None, cohort: str | None) -> Sequence[int]:
    from ..phantom.cohorts import named_cohort

    if cohort is not None:
        if cases is not None or seed is not None:
            raise click.UsageError("--cohort stands for its own --cases and --seed. Leave those out.")
        return named_cohort(cohort).seeds()
    if cases is None or seed is None:
        raise click.UsageError("Give --cases and --seed, or the name of a --cohort.")
    return range(seed, seed + cases)
