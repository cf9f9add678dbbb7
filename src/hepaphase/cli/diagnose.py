"""``hepaphase diagnose``: stage II alone."""

from pathlib import Path

import click

from ._options import OUT, SOURCE, models_options, parse_sources
from .read import summary


@click.command()
@click.argument("case", type=SOURCE)
@click.argument("out", type=OUT)
@click.option("--phases", help="What the input is, when CASE is one volume or DICOM; as for read.")
@models_options
def command(case: Path, out: Path, phases: str | None, bundles: tuple[Path, ...], device: str) -> None:
    """Find and name the lesions of CASE from the phases it has, generating none; writes OUT as read does."""
    from ..inference.models import Models, check_device
    from ..inference.options import ReadOptions
    from ..inference.pipeline import read
    from ..inference.write import check_output, write_reading
    from ..io.source import read_source

    check_output(out)
    study = read_source(case, phases=parse_sources(phases))
    models = Models.load(bundles)
    reading = read(study, models, ReadOptions(complete=(), device=check_device(device)))
    for path in write_reading(reading, out, models):
        click.echo(str(path))
    click.echo(summary(reading))
