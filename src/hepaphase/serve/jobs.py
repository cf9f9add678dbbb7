"""The queue on disk: every change is written before it counts, so a crash loses nothing."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..base.atomic import UNFINISHED, write_json
from ..base.errors import InputError
from .place import Place

SCHEMA = "hepaphase-serve/1"


class State(StrEnum):
    """What has become of a study."""

    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (State.DONE, State.FAILED, State.CANCELLED)


class Sending(StrEnum):
    """What has become of its SEG and SR."""

    NO = "no"
    WAITING = "waiting"
    SENT = "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One study to read."""

    name: str
    """Of its reading."""
    source: str
    """What is read, below the folder of sources."""
    number: int
    """Its place in the queue."""
    study: str = ""
    """The folder it was received in; empty where it was uploaded."""
    num_files: int = 0
    """How many images were received when it was queued."""
    phases: str = ""
    """What the user said the volumes are."""
    state: State = State.WAITING
    why: str = ""
    """It failed, or was not sent."""
    ended_s: float = 0.0
    """Seconds of the clock (1970) when it ended."""
    sending: Sending = Sending.NO


class Queue:
    """All jobs, in the order they came; safe to use from several threads."""

    def __init__(self, place: Place) -> None:
        """Take up the jobs of an earlier run as they are on disk; sources whose job was not written yet go."""
        self._place = place
        self._changed = threading.Condition()
        self._jobs = {job.name: job for job in sorted(map(_read, place.jobs.glob("*.json")), key=lambda j: j.number)}
        for folder in place.sources.iterdir():
            if folder.name not in self._jobs:
                shutil.rmtree(folder, ignore_errors=True)

    def all(self) -> tuple[Job, ...]:
        """Every job, first come first."""
        with self._changed:
            return tuple(self._jobs.values())

    def get(self, name: str) -> Job | None:
        """The job of that name."""
        with self._changed:
            return self._jobs.get(name)

    def add(self, stem: str, move_in: Callable[[str], str], **known: Any) -> Job:
        """Put a study at the end of the queue, under ``stem`` or the first ``stem-2``, ``stem-3`` that is free.

        Args:
            stem: wanted name.
            move_in: is told the name, puts the source in its place and says where that is, below the folder of sources.
            known: other fields of the job.
        """
        with self._changed:
            name = next(name for name in _names(stem) if self._is_free(name))
            number = max((job.number for job in self._jobs.values()), default=0) + 1
            job = Job(name=name, source=move_in(name), number=number, **known)
            self._write(job)
            return job

    def take(self, is_over: Callable[[], bool]) -> Job | None:
        """Wait for the next study, mark it as being read and return it; None as soon as it is over."""
        with self._changed:
            while not is_over():
                for job in self._jobs.values():
                    if job.state == State.WAITING:
                        return self.change(job.name, state=State.READING)
                self._changed.wait()
            return None

    def change(self, name: str, **fields: Any) -> Job:
        """Change a job; one that ends gets the time."""
        with self._changed:
            job = replace(self._jobs[name], **fields)
            if fields.get("state") in ENDED:
                job = replace(job, ended_s=time.time())
            self._write(job)
            return job

    def settle(self, name: str, decide: Callable[[Job], dict[str, Any]]) -> Job:
        """Change a job as ``decide`` says of what it is by now; it stays where nothing is said."""
        with self._changed:
            fields = decide(self._jobs[name])
            return self.change(name, **fields) if fields else self._jobs[name]

    def remove(self, name: str) -> None:
        """Forget a job with its source and log; its reading stays."""
        with self._changed:
            del self._jobs[name]
            shutil.rmtree(self._place.sources / name, ignore_errors=True)
            self._place.log(name).unlink(missing_ok=True)
            self._path(name).unlink(missing_ok=True)

    def wake(self) -> None:
        """Have whoever waits look again."""
        with self._changed:
            self._changed.notify_all()

    def _write(self, job: Job) -> None:
        write_json(self._path(job.name), {"schema": SCHEMA, **asdict(job)})
        self._jobs[job.name] = job
        self._changed.notify_all()

    def _path(self, name: str) -> Path:
        return self._place.jobs / f"{name}.json"

    def _is_free(self, name: str) -> bool:
        return name not in self._jobs and not any(
            (folder / name).exists() for folder in (self._place.root, self._place.sources)
        )


def clear_unfinished(folder: Path) -> None:
    """Take away what a reading that was ended left of itself."""
    shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _names(stem: str) -> Any:
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1


def _read(path: Path) -> Job:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name: held[field.name] for field in fields(Job)}
        return Job(**{**known, "state": State(held["state"]), "sending": Sending(held["sending"])})
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"'{path}' is no job of this version ({error!r}). Move it away.") from error
