"""One study read by a process of its own, bounded in time and memory."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..base.errors import ConfigError
from .finished import is_finished

PROGRAM = (sys.executable, "-m", "hepaphase", "read")
"""What reads a study: source, folder and options follow."""


class Running(set[subprocess.Popen[bytes]]):
    """Processes that run now; once they are ended, one that begins is ended as well."""

    def __init__(self) -> None:
        super().__init__()
        self._is_over = False

    def add(self, process: subprocess.Popen[bytes]) -> None:
        """Take up a process that was just begun."""
        super().add(process)
        if self._is_over:
            end(process)

    def end_all(self) -> None:
        """End what runs, and whatever begins from now on."""
        self._is_over = True
        for process in tuple(self):
            end(process)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one study may take.

    Raises:
        ConfigError: for a bound that is not above zero.
    """

    minutes: float = 30.0
    memory_gib: float = 8.0
    """Of its own data; held on Linux only."""
    workers: int = 1
    """How many run at once, and so share the cores."""

    def __post_init__(self) -> None:
        if min(self.minutes, self.memory_gib, self.workers) <= 0:
            raise ConfigError(f"Minutes, memory and workers are above zero, got {self}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to read, where to, and how."""

    source: Path
    out: Path
    log: Path
    """What the process says; written anew."""
    options: tuple[str, ...] = ()
    """Of ``hepaphase read``."""
    bounds: Bounds = field(default_factory=Bounds)
    program: tuple[str, ...] = PROGRAM
    scratch: Path | None = None
    """Where its temporary files go, a zip unpacked among them; they are gone with it. The system's place when None."""


def read_bounded(order: Order, running: Running) -> tuple[str, float]:
    """Read one study in its own process; why it failed (empty where it did not), and the seconds it took.

    Args:
        order: what to read.
        running: holds the process for as long as it runs.
    """
    threads = max(1, (os.cpu_count() or 1) // order.bounds.workers)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hepaphase-", dir=order.scratch) as own, order.log.open("wb") as file:
        environment = {"OMP_NUM_THREADS": str(threads), **os.environ, "TMPDIR": own}
        process = subprocess.Popen(
            _bounded([*order.program, str(order.source), str(order.out), *order.options], order.bounds.memory_gib),
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, env=environment, start_new_session=True,
        )  # fmt: skip
        running.add(process)
        try:
            code = process.wait(order.bounds.minutes * 60)
            why = _why(code, order.log) if code else ""
        except subprocess.TimeoutExpired:
            why = f"took longer than {order.bounds.minutes:g} minutes"
        finally:
            end(process)
            running.discard(process)
    if not why and not is_finished(order.out):
        why = "ended without a whole reading"
    return why, time.monotonic() - start


def end(process: subprocess.Popen[bytes]) -> None:
    """Make sure that nothing of the study runs on."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):  # ended, or Windows
        process.kill()
    process.wait()


def _bounded(words: Sequence[str], memory_gib: float) -> tuple[str, ...]:
    """The command, held to so much data of its own from its first step on, where the system can.

    Code and files it maps do not count. A shell sets the limit and becomes the command: were it set from here once the
    process runs, one that asks for much at once would be quicker on a busy machine.
    """
    if not sys.platform.startswith("linux"):
        return tuple(words)
    kib = int(memory_gib * 2**20)
    return "/bin/sh", "-c", f'(ulimit -d {kib}) 2>/dev/null && ulimit -d {kib}; exec "$@"', "sh", *words


def _why(code: int, log: Path) -> str:
    """One line: what the command itself said last, or which signal ended it."""
    if code < 0:
        name = signal.Signals(-code).name
        return f"ended by {name}{' (out of memory, probably)' if name == 'SIGKILL' else ''}"
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    said = lines[-1].removeprefix("hepaphase: ") if lines else ""
    return said[:300] or f"exit code {code}"
