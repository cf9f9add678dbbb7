"""``hepaphase report``: a finished reading in another form."""

from pathlib import Path

import click

from ._options import FOLDER, OUT, SOURCE


@click.command()
@click.argument("reading", metavar="OUT", type=FOLDER)
@click.option(
    "--format", "forms", default="pdf", show_default=True, help="html, pdf, json, sr, seg; several with commas."
)
@click.option("--source", type=SOURCE, help="The DICOM that was read: SEG and SR are made anew from it and the masks.")
@click.option("--keep-identity", is_flag=True, help="With --source: patient and study elements go into SEG and SR.")
@click.option("--to", type=OUT, help="Folder to write to; default is the reading's own.")
def command(reading: Path, forms: str, source: Path | None, keep_identity: bool, to: Path | None) -> None:
    """Give the report of a finished reading in another form: OUT is what read wrote. No network is asked again.

    The PDF is printed by Chromium or Chrome where one is installed, and laid out without a browser elsewhere. SR and
    SEG are there where the source was DICOM; --source makes them anew, both. Research use only.
    """
    from ..report.forms import parse_forms, write_forms

    for path in write_forms(reading, parse_forms(forms), to, source=source, keep_identity=keep_identity):
        click.echo(str(path))
