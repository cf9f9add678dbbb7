"""Options that several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..inference.write import Written
    from ..io.source import PhaseNames
    from ..study.phase import Phase

Command = Callable[..., Any]


class OutFolder(click.Path):
    """A folder to write, there or not; one that cannot be written is refused before any work is done."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        folder = Path(os.fsdecode(super().convert(value, param, ctx)))
        require_writable(folder)
        return folder


def require_writable(folder: Path) -> None:
    """Refuse a folder that cannot be made or written.

    Raises:
        OutputError: naming the part of the path where it fails.
    """
    from ..base.errors import OutputError

    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise OutputError(f"'{folder}' cannot be written: '{nearest}' is a file. Give another folder.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(f"'{folder}' cannot be written: there is no right to write in '{nearest}'. Give another.")


SOURCE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)
OUT = OutFolder(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


def models_options(command: Command) -> Command:
    """``--bundle`` (repeatable) and ``--device``, on every command that uses a model."""
    device = click.option("--device", default="cpu", show_default=True, help="Where networks run: cpu or cuda.")
    bundle = click.option(
        "--bundle",
        "bundles",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="Your own training in place of the shipped model of its kind; may be given once per kind.",
    )
    return bundle(device(command))


def parse_phases(text: str | None) -> "tuple[Phase, ...] | None":
    """``AP,DP`` to phases, ``none`` to nothing, ``all`` or None to None.

    Raises:
        UnknownNameError: for a name that is not a phase.
    """
    from ..study.phase import Phase

    if text is None or text.strip().lower() == "all":
        return None
    if text.strip().lower() == "none":
        return ()
    return tuple(Phase.parse(part) for part in text.split(","))


def parse_reference(text: str | None) -> "Phase | None":
    """What ``--reference`` says; None when it was not given.

    Raises:
        UnknownNameError: for a name that is not a phase.
    """
    from ..study.phase import Phase

    return None if text is None else Phase.parse(text)


def parse_sources(text: str | None) -> "PhaseNames | None":
    """What ``--phases`` says; None when it was not given."""
    from ..io.source import parse_phases as parse

    return None if text is None else parse(text)


def echo_written(written: "Written") -> None:
    """Say what was written, and warnings on standard error."""
    for warning in written.warnings:
        click.echo(warning, err=True)
    for path in written.paths:
        click.echo(str(path))
