"""``hepaphase export``: a cohort for other software."""

from pathlib import Path

import click

from ._options import FOLDER


@click.command()
@click.argument("cohort", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--phases", default="NC,AP,PVP,DP", show_default=True, help="The channels, in order.")
def command(cohort: Path, out: Path, phases: str) -> None:
    """Write COHORT as an nnU-Net raw dataset to OUT, with a MONAI data list beside it.

    A case that lacks one of the phases is left out and named.
    """
    from ..datasets.export import export
    from ..study.phase import Phase

    left_out = export(cohort, out, phases=[Phase.parse(name) for name in phases.split(",")])
    click.echo(f"{out}: dataset.json, monai_datalist.json")
    if left_out:
        click.echo(f"left out, a phase is missing: {', '.join(left_out)}")
