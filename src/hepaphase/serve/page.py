"""The page that lists readings and what waits."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from statistics import median
from typing import Any

from ..inference.pace import left_text
from ..report.html import style
from ..report.words import probability
from .jobs import ENDED, Queue, Sending, State
from .readings import Readings
from .received import Received
from .worker import Worker

MOST_ROWS = 500
"""Readings that are listed (our choice)."""
_LAST_READINGS = 20
"""Of which the time left is told."""


class Page:
    """Makes the page, and the part of it that changes."""

    def __init__(self, readings: Readings, queue: Queue, received: Received, worker: Worker, **facts: Any) -> None:
        """``facts`` are what stays the same: ``node``, ``target``, ``upload_bytes``."""
        self._readings, self._queue, self._received, self._worker = readings, queue, received, worker
        self._facts = facts

    def whole(self) -> str:
        """The page."""
        return str(_template("page.html.j2").render(**self._facts, **self._now()))

    def live(self) -> str:
        """What changes: the queue and the readings."""
        return str(_template("live.html.j2").render(**self._facts, **self._now()))

    def _now(self) -> dict[str, Any]:
        rows, num_older = self._readings.rows(MOST_ROWS)
        known = [float(row["seconds"]) for row in rows[:_LAST_READINGS] if "seconds" in row]
        progress = self._progress(median(known) if known else None)
        jobs = [
            {"job": job, "is_ended": job.state in ENDED, "progress": progress.get(job.name)}
            for job in self._queue.all()
            if job.state != State.DONE or (job.sending == Sending.WAITING or job.why)
        ]
        return {"readings": rows, "num_older": num_older, "jobs": jobs, "growing": self._received.growing()}

    def _progress(self, usual_s: float | None) -> Mapping[str, Mapping[str, Any]]:
        if (now := self._worker.progress()) is None:
            return {}
        left_s = now.left_s
        if left_s is None and usual_s is not None:  # no step has ended yet: as long as others took
            left_s = max(0.0, usual_s - now.seconds)
        percent = None if left_s is None else min(99.0, 100 * now.seconds / max(now.seconds + left_s, 0.1))
        return {now.name: {"seconds": now.seconds, "step": now.step, "left": left_text(left_s), "percent": percent}}


def asset(name: str) -> str:
    """The style sheet or the script of the page."""
    own = files(__package__).joinpath(f"assets/{name}").read_text(encoding="utf-8")
    return f"{style()}\n{own}" if name.endswith(".css") else own


@cache
def _template(name: str) -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda n: files(__package__).joinpath(f"assets/{n}").read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["probability"] = probability
    return environment.get_template(name)
