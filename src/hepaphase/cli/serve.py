"""``hepaphase serve``: the viewer and the DICOM node."""

import signal
import time
from pathlib import Path
from typing import Any

import click

from ._options import OUT


@click.command()
@click.argument("folder", type=OUT, default=Path("out"))
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address of the page; the default is this machine."
)
@click.option("--port", default=8642, show_default=True, help="Of the page; 0 for any that is free.")
@click.option("--dicom-port", type=int, help="Also listen there for DICOM (11112 is usual); needs the extra pacs.")
@click.option("--dicom-host", default="127.0.0.1", show_default=True, help="Address of the DICOM node.")
@click.option("--title", default="HEPAPHASE", show_default=True, help="Title (AE) of the DICOM node.")
@click.option("--accept", multiple=True, help="Title of a node that may send; may be given again. Default: all.")
@click.option("--wait", default=60.0, show_default=True, help="Seconds without an image after which a study is read.")
@click.option("--send", metavar="TITLE@HOST:PORT", help="Node that SEG and SR of received studies are sent to.")
@click.option(
    "--keep-hours", default=24.0, show_default=True, help="How long the images of a study that was read stay."
)
@click.option("--upload-gib", default=8.0, show_default=True, help="The most that an upload may be, unpacked as well.")
@click.option("--minutes", default=30.0, show_default=True, help="A study that takes longer is ended.")
@click.option("--memory-gib", default=8.0, show_default=True, help="A study that needs more fails (Linux).")
def command(folder: Path, options: tuple[str, ...], host: str, port: int, **given: Any) -> None:
    """Show the readings in FOLDER (default: out) on a page, take studies by upload or DICOM, and read them.

    FOLDER holds what read and batch write. One study is read at a time, by a process of its own. What follows -- goes
    to hepaphase read, for every study. Ctrl-C stops; the same command again goes on with what is not read yet. There is
    no password: keep it to this machine. Research use only.
    """
    from ..serve.house import serving

    settings = _settings(folder, options, host, port, given)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with serving(settings) as house:
        click.echo(f"{house.url} shows the readings in {folder}. Research use only. Ctrl-C stops.")
        if settings.node is not None:
            click.echo(f"{settings.node.title} takes CT by DICOM at {settings.node.host}:{settings.node.port}.")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            click.echo("Stopping.")
    number = house.num_waiting
    waiting = f"{number} studies wait" if number != 1 else "1 study waits"
    click.echo(f"Stopped; {waiting} in {folder}: the same command goes on." if number else "Stopped.")


def _settings(folder: Path, options: tuple[str, ...], host: str, port: int, given: dict[str, Any]) -> Any:
    from ..inference.bounded import Bounds
    from ..serve.house import Settings
    from ..serve.node import Node
    from ..serve.send import Target
    from ..serve.web import is_loopback
    from ..serve.worker import How
    from .read import command as read

    read.make_context("hepaphase read", [str(folder), str(folder / "study"), *options])
    dicom_port, dicom_host = given["dicom_port"], given["dicom_host"]
    node = None
    if dicom_port is None and (given["send"] or given["accept"]):
        raise click.UsageError("--send and --accept are of the DICOM node. Give --dicom-port as well.")
    if dicom_port is not None:
        node = Node(port=dicom_port, host=dicom_host, title=given["title"], callers=given["accept"])
    for what, address in (("page", host), *((("DICOM node", dicom_host),) if node else ())):
        if not is_loopback(address):
            click.echo(
                f"hepaphase: the {what} at {address} can be reached from other machines, and there is no password: "
                "whoever reaches it sees patients, or sends studies. Let a firewall decide who does.",
                err=True,
            )
    return Settings(
        root=folder,
        host=host,
        port=port,
        node=node,
        wait_s=given["wait"],
        target=None if given["send"] is None else Target.parse(given["send"]),
        keep_hours=given["keep_hours"],
        upload_gib=given["upload_gib"],
        how=How(
            options=options,
            bounds=Bounds(minutes=given["minutes"], memory_gib=given["memory_gib"]),
            sends=given["send"] is not None,
        ),
    )
