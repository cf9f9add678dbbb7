"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..study.phase import Phase

Command = Callable[..., Any]

SOURCE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)


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


def parse_sources(text: str | None) -> "dict[Phase, str | None] | None":
    """``PVP`` or ``NC=SERIES,PVP=SERIES`` to phases and the series (UID, number or path) each is.

    Raises:
        UnknownNameError: for a name that is not a phase.
        ConfigError: when a phase is named twice.
    """
    from ..base.errors import ConfigError
    from ..study.phase import Phase

    if text is None:
        return None
    found: dict[Phase, str | None] = {}
    for part in text.split(","):
        name, _, series = part.partition("=")
        phase = Phase.parse(name)
        if phase in found:
            raise ConfigError(f"--phases names {phase} twice: {text}. Name each phase once.")
        found[phase] = series.strip() or None
    return found
