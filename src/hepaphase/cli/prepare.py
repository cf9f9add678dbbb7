"""``hepaphase prepare``: a cohort to model input."""

from pathlib import Path

import click

from ._options import FOLDER, models_options


@click.command()
@click.argument("cohort", type=FOLDER)
@click.argument("out", type=FOLDER)
@models_options
def command(cohort: Path, out: Path, bundles: tuple[Path, ...], device: str) -> None:
    """Put every case of COHORT on the liver grid, one file per case in OUT; unchanged cases are kept.

    A case without a liver mask gets one from the organ model.
    """
    from ..inference.models import Models, check_device
    from ..organs.segment import segment_organs
    from ..prepare.cohort import prepare_cohort

    organs, where = Models.load(bundles).organs, check_device(device)
    paths = prepare_cohort(cohort, out, segment=lambda volume: segment_organs(volume, organs, device=where)["liver"])
    click.echo(f"{len(paths)} case(s) in {out}")
