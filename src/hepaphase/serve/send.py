"""SEG and SR of a study that was received, sent on by C-STORE (DICOM PS3.4 B)."""

import re
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base.errors import ConfigError, InputError
from ..base.extras import need
from .jobs import Job, Queue, Sending
from .place import Place

RESULTS = ("lesions.seg.dcm", "report.sr.dcm")
_TARGET = re.compile(r"(?P<title>[^@\s]{1,16})@(?P<host>[^@\s]+):(?P<port>\d{1,5})")
_PAUSES_S = (10.0, 60.0, 600.0)
"""Before the second, the third and each further try (our choice)."""
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Target:
    """A DICOM node that results go to."""

    title: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Target":
        """From ``TITLE@HOST:PORT``.

        Raises:
            ConfigError: for anything else.
        """
        found = _TARGET.fullmatch(text)
        if found is None or not 0 < int(found["port"]) < 65536:
            raise ConfigError(f"'{text}' is no DICOM node. Give TITLE@HOST:PORT, such as ARCHIVE@127.0.0.1:4242.")
        return cls(found["title"], found["host"], int(found["port"]))


def send(paths: Sequence[Path], target: Target, *, own_title: str) -> None:
    """Send DICOM files, as they are.

    Raises:
        MissingExtraError: without pynetdicom.
        InputError: when the node does not answer or refuses one.
    """
    import pydicom

    net = need("pynetdicom", extra="pacs")
    data = [pydicom.dcmread(path) for path in paths]
    try:
        socket.create_connection((target.host, target.port), timeout=_TIMEOUT_S).close()
    except OSError as error:
        raise InputError(f"{target.title} does not answer.") from error
    entity = net.AE(ae_title=own_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = _TIMEOUT_S
    for item in data:
        entity.add_requested_context(item.SOPClassUID, item.file_meta.TransferSyntaxUID)
    link = entity.associate(target.host, target.port, ae_title=target.title)
    if not link.is_established:
        raise InputError(f"{target.title} refuses {own_title}. Have it registered there.")
    try:
        for item, path in zip(data, paths, strict=True):
            _send_one(link, item, path.name, target)
    finally:
        link.release()


def _send_one(link: Any, item: Any, name: str, target: Target) -> None:
    try:
        status = link.send_c_store(item).get("Status")
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{target.title} does not take {name} ({error}).") from error
    if status is None or not (status == 0 or 0xB000 <= status <= 0xBFFF):  # stored, or stored with a warning
        said = "no answer" if status is None else f"status {status:#06x}"
        raise InputError(f"{target.title} did not store {name} ({said}).")


class Sender:
    """Sends the results of every job that waits for it, and tries again where that fails."""

    def __init__(
        self, place: Place, queue: Queue, target: Target, *, own_title: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._place, self._queue, self._target, self._own_title = place, queue, target, own_title
        self._clock = clock
        self._tries: dict[str, tuple[int, float]] = {}

    def send_waiting(self) -> None:
        """Try each job whose time has come."""
        for job in self._queue.all():
            tries, next_s = self._tries.get(job.name, (0, 0.0))
            if job.sending == Sending.WAITING and (not tries or self._clock() >= next_s):
                self._try(job, tries)

    def _try(self, job: Job, tries: int) -> None:
        paths = [path for name in RESULTS if (path := self._place.root / job.name / name).is_file()]
        try:
            if paths:
                send(paths, self._target, own_title=self._own_title)
        except InputError as error:
            self._tries[job.name] = (tries + 1, self._clock() + _PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
            self._queue.change(job.name, why=f"not sent yet: {error}")
            return
        done = Sending.SENT if paths else Sending.NO
        self._queue.change(job.name, sending=done, why="" if paths else "nothing to send: no SEG and SR were written")
        self._tries.pop(job.name, None)
