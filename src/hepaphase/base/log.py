"""One logger tree, and progress bars with the time left."""

import logging
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def logger(name: str) -> logging.Logger:
    """The logger of one module, below ``hepaphase``."""
    return logging.getLogger(name if name.startswith("hepaphase") else f"hepaphase.{name}")


def track(items: Iterable[Item], *, title: str, total: int | None = None, quiet: bool = False) -> Iterator[Item]:
    """Yield ``items`` behind a progress bar on standard error that shows the time left; nothing where no one watches.

    A log file or a pipe gets no bar.
    """
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield from progress.track(items, description=title, total=total)
