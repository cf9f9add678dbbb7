"""Ctrl-C and a polite kill end a run after the step in progress, so that nothing done is lost."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from ..base.log import logger

_log = logger(__name__)


@dataclass(slots=True)
class Stop:
    """Whether somebody asked."""

    requested: bool = False


@contextmanager
def stop_requests() -> Iterator[Stop]:
    """Inside the block SIGINT and SIGTERM are noted; the second one takes effect at once."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield stop
        return

    def note(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested = True
        _log.warning("Stopping after this step; go on later with --resume.")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
