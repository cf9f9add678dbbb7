"""Memory that a piece of work takes beside what the process held before."""

import contextlib
import ctypes
import gc
from collections.abc import Iterator
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Peak:
    """What :func:`peak_memory` found."""

    mib: float | None = None
    """None where the system does not tell (other than Linux)."""


@contextlib.contextmanager
def peak_memory() -> Iterator[Peak]:
    """Highest resident memory during the block less that before it, in MiB; read it after the block.

    Freed memory is given back to the system first, so that work before does not hide what the block takes.
    """
    found = Peak()
    before = _reset()
    yield found
    if before is not None:
        found.mib = max(0.0, (_read("VmHWM") - before) / 1024)


def _reset() -> float | None:
    gc.collect(1)  # what is old and in cycles stays: a whole round takes 0.2 s beside torch
    try:
        with contextlib.suppress(AttributeError):  # musl has no malloc_trim
            ctypes.CDLL(None).malloc_trim(0)
        _CLEAR.write_text("5", encoding="ascii")  # the high-water mark becomes what is resident now
        return _read("VmRSS")
    except (OSError, TypeError):
        return None


def _read(name: str) -> float:
    """A line of the status of this process, kB."""
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    return float(next(line for line in lines if line.startswith(f"{name}:")).split()[1])
