"""``hepaphase report``: a finished reading in another form."""

from pathlib import Path

import click

from ._options import FOLDER, OUT


@click.command()
@click.argument("reading", metavar="OUT", type=FOLDER)
@click.option(
    "--format", "forms", default="pdf", show_default=True, help="html, pdf, json, sr, seg; several with commas."
)
@click.option("--to", type=OUT, help="Folder to write to; default is the reading's own.")
def command(reading: Path, forms: str, to: Path | None) -> None:
    """Give the report of a finished reading in another form: OUT is what read wrote. No network is asked again.

    The PDF is printed by Chromium or Chrome where one is installed, and laid out without a browser elsewhere. SR and
    SEG are there where the source was DICOM. Research use only.
    """
    from ..report.forms import parse_forms, write_forms

    for path in write_forms(reading, parse_forms(forms), to):
        click.echo(str(path))
