"""Steps of one long job: a bar with the time left on a terminal, a line each where asked, nothing otherwise."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..inference.pace import Pace

Heard = Callable[[str], None]
"""Is told the name of each step as it begins."""

_REDRAWN_PER_S = 4
"""A reading is not to be slowed down by its bar."""

steps_option = click.option(
    "--steps", is_flag=True, help="Say each step as it begins, a line each; a terminal shows a bar anyway."
)


@contextmanager
def steps_told(usual: Mapping[str, float], *, say: bool) -> Iterator[Heard]:
    """Yield what is to be told each step; the bar is gone when the block ends.

    Args:
        usual: steps and their usual seconds, see ``inference.pace``.
        say: print a line for each step instead, ``step: NAME, after SECONDS s``.
    """
    from ..inference.pace import Pace

    pace, start_s = Pace(usual), time.monotonic()

    def heard(step: str) -> None:
        now_s = time.monotonic()
        pace.begin(step, now_s)
        if say:
            click.echo(f"step: {step}, after {now_s - start_s:.1f} s")

    if say or not sys.stderr.isatty():
        yield heard
        return
    with _bar(pace):
        yield heard


@contextmanager
def studies_told(*, say: bool) -> Iterator[Callable[[int, int], None]]:
    """The same for one study after the other: yield what is to be told which begins, from 1, of how many."""
    usual: dict[str, float] = {}
    with steps_told(usual, say=say) as heard:

        def told(number: int, count: int) -> None:
            usual.update({_study(k, count): 1.0 for k in range(1, count + 1)})
            heard(_study(number, count))

        yield told


def _study(number: int, count: int) -> str:
    return f"study {number} of {count}"


def _bar(pace: "Pace") -> Any:
    """A live line on standard error; what the job prints meanwhile to the same terminal stands above it."""
    from rich.console import Console
    from rich.live import Live

    def line() -> Any:
        return _line(pace, time.monotonic())

    return Live(
        get_renderable=line,
        console=Console(stderr=True),
        refresh_per_second=_REDRAWN_PER_S,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    )


def _line(pace: "Pace", now_s: float) -> Any:
    """Step, bar, seconds so far, seconds left."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    from ..inference.pace import left_text

    passed_s = now_s - pace.begun[0][1] if pace.begun else 0.0
    known = pace.left_s(now_s)
    grid = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=1.0, completed=pace.share(now_s), width=30, pulse=known is None, animation_time=now_s)
    grid.add_row(f"{pace.step or 'begin'}", bar, f"{passed_s:.0f} s", left_text(known))
    return grid
