"""``hepaphase diagnose``: stage II alone."""

from pathlib import Path
from typing import Any

import click

from ._options import OUT, SOURCE, models_options, parse_reference, parse_sources
from ._progress import steps_option, steps_told
from .read import summary


@click.command()
@click.argument("case", type=SOURCE)
@click.argument("out", type=OUT)
@click.option("--phases", help="What the input is, when CASE is one volume or DICOM; as for read.")
@click.option("--reference", help="Phase whose grid masks are written on; default PVP, else AP, DP, NC.")
@steps_option
@models_options
def command(
    case: Path, out: Path, phases: str | None, reference: str | None, bundles: tuple[Path, ...], **more: Any
) -> None:
    """Find and name the lesions of CASE from the phases it has, generating none; writes OUT as read does."""
    from ..inference.models import Models, check_device
    from ..inference.options import ReadOptions
    from ..inference.pace import DIAGNOSE
    from ..inference.pipeline import read
    from ..inference.write import check_output, write_reading
    from ..io.source import read_source

    check_output(out)
    options = ReadOptions(complete=(), reference=parse_reference(reference), device=check_device(more["device"]))
    with steps_told(DIAGNOSE, say=more["steps"]) as told:
        told("take in")
        study = read_source(case, phases=parse_sources(phases))
        study.reference(options.reference)
        models = Models.load(bundles)
        reading = read(study, models, options, heard=told)
        told("write")
        paths = write_reading(reading, out, models)
    for path in paths:
        click.echo(str(path))
    click.echo(summary(reading))
