"""Reads one study after the other, each in a bounded process of its own."""

import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..base.log import logger
from ..inference.bounded import PROGRAM, Bounds, Order, Running, read_bounded
from ..inference.finished import is_finished
from ..inference.pace import READ, Pace
from .jobs import Job, Queue, Sending, State, clear_unfinished
from .place import Place

_RETRY_S = 1.0
STEP = re.compile(r"step: (.*), after ([0-9.]+) s")
"""A line of ``read --steps``: what begins, and how many seconds after the first step."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How studies are read."""

    options: tuple[str, ...] = ()
    """Of ``hepaphase read``, for every study."""
    bounds: Bounds = field(default_factory=Bounds)
    program: tuple[str, ...] = (*PROGRAM, "--steps")
    sends: bool = False
    """Whether SEG and SR of received studies are to be sent on."""


class Progress(NamedTuple):
    """How far the study is that is read."""

    name: str
    seconds: float
    """Since its process was started."""
    step: str
    left_s: float | None
    """Seconds left, by the steps that have ended; None before one has."""


class _Reading(Running):
    """The process of the study that is read."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.start = time.monotonic()


class Worker:
    """One thread that takes studies from the queue."""

    def __init__(self, place: Place, queue: Queue, how: How) -> None:
        """Studies that an earlier run was reading wait again, but for those whose reading is whole."""
        self._place, self._queue, self._how = place, queue, how
        self._running: _Reading | None = None
        self._is_stopping = False
        self._thread = threading.Thread(target=self._work, name="reader", daemon=True)
        for job in queue.all():
            if job.state == State.READING:
                whole = is_finished(place.root / job.name)
                queue.change(job.name, **(self._done(job) if whole else {"state": State.WAITING}))

    def start(self) -> None:
        """Begin with what waits."""
        self._thread.start()

    def stop(self) -> None:
        """End the reading that runs; its study waits again."""
        self._is_stopping = True
        if (running := self._running) is not None:
            running.end_all()
        self._queue.wake()
        self._thread.join()

    def cancel(self, name: str) -> bool:
        """Take a study out of the queue, or end its reading; whether it was in either."""
        on = (State.WAITING, State.READING)
        job = self._queue.settle(name, lambda now: {"state": State.CANCELLED} if now.state in on else {})
        if (running := self._running) is not None and running.name == name and job.state == State.CANCELLED:
            running.end_all()
        return job.state == State.CANCELLED

    def is_busy_with(self, name: str) -> bool:
        """Whether a process of that study still runs."""
        running = self._running
        return running is not None and running.name == name

    def progress(self) -> Progress | None:
        """How far the study is that is read; None where none is."""
        if (running := self._running) is None:
            return None
        try:
            with self._place.log(running.name).open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - 4096))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            text = ""
        return _progress(running, text)

    def _next(self) -> Job | None:
        while True:
            try:
                return self._queue.take(lambda: self._is_stopping)
            except OSError as error:
                log.warning("The queue cannot be written: %s.", error.strerror)
                time.sleep(_RETRY_S)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._running = running = _Reading(job.name)
            if self._is_stopping or self._queue.settle(job.name, lambda now: {}).state == State.CANCELLED:
                running.end_all()
            try:
                self._one(job, running)
            finally:
                self._running = None

    def _one(self, job: Job, running: _Reading) -> None:
        phases = ("--phases", job.phases) if job.phases else ()
        order = Order(
            source=self._place.sources / job.source,
            out=self._place.root / job.name,
            log=self._place.log(job.name),
            options=(*self._how.options, *phases),
            bounds=self._how.bounds,
            program=self._how.program,
            scratch=self._place.scratch,
        )
        try:
            why, _ = read_bounded(order, running)
        except OSError as error:
            why = f"could not be started: {error.strerror}"
        while not self._is_written(job, why):
            time.sleep(_RETRY_S)

    def _is_written(self, job: Job, why: str) -> bool:
        """Write down what became of a study; not where the disk is full, say."""
        out = self._place.root / job.name
        try:
            clear_unfinished(out)
            self._queue.settle(job.name, lambda now: self._outcome(now, why, is_whole=is_finished(out)))
        except OSError as error:
            log.warning("What became of a study cannot be written: %s.", error.strerror)
            return self._is_stopping
        return True

    def _outcome(self, job: Job, why: str, *, is_whole: bool) -> dict[str, Any]:
        """What becomes of a study whose process ended."""
        if is_whole:
            return self._done(job)
        if job.state == State.CANCELLED:
            return {}
        if self._is_stopping:
            return {"state": State.WAITING}
        return {"state": State.FAILED, "why": why}

    def _done(self, job: Job) -> dict[str, Any]:
        sending = Sending.WAITING if self._how.sends and job.study else Sending.NO
        return {"state": State.DONE, "why": "", "sending": sending}


def _progress(running: _Reading, log: str) -> Progress:
    """By what the reading has said; its own clock starts a little after its process, which is let pass."""
    pace, seconds = Pace(READ), time.monotonic() - running.start
    for step, after_s in STEP.findall(log):
        pace.begin(step, float(after_s))
    return Progress(running.name, seconds, pace.step or "starting", pace.left_s(seconds))
