"""Studies that are sent image by image: kept as they come, read when nothing has come for a while."""

import hashlib
import io
import os
import re
import shutil
import threading
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pydicom

from ..base.atomic import atomic_path
from ..base.errors import InputError
from ..io.identity import study_pseudonym
from .jobs import Job, Queue
from .place import Place

_UID = re.compile(r"[0-9.]{1,64}")


class Received:
    """Images by study; safe to use from several threads."""

    def __init__(
        self, place: Place, queue: Queue, *, wait_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take up what an earlier run received and did not queue; it waits its time anew."""
        self._place, self._queue, self._wait_s, self._clock = place, queue, wait_s, clock
        self._lock = threading.Lock()
        self._last_s: dict[str, float] = {}
        for folder in place.incoming.iterdir():
            if len(_images(folder)) > self._num_queued(folder.name):
                self._last_s[folder.name] = clock()

    def growing(self) -> dict[str, int]:
        """Studies that are not queued yet, and how many images of each are here."""
        with self._lock:
            return {name: len(_images(self._place.incoming / name)) for name in self._last_s}

    def keep(self, content: bytes) -> None:
        """Keep one image, whole and synced to disk, or not at all; nothing that is here is ever written over.

        Args:
            content: a DICOM file.

        Raises:
            InputError: when it cannot be read, or another object of its UID is here already.
            OutputError: when the disk would be full.
        """
        study, instance = _uids(content)
        name = study_pseudonym(study)
        path = self._place.incoming / name / f"{hashlib.sha256(instance.encode()).hexdigest()[:32]}.dcm"
        with self._lock:
            if path.exists():
                if path.read_bytes() != content:
                    raise InputError("Another image of the same identifier (SOPInstanceUID) was received before.")
                return
            self._place.require_room(len(content))
            self._last_s[name] = self._clock()
            with atomic_path(path) as unfinished:
                unfinished.write_bytes(content)
            self._last_s[name] = self._clock()

    def queue_quiet(self) -> None:
        """Queue each study of which nothing came for the time to wait.

        One to which images came after it was queued is queued again, whole, under a name of its own.
        """
        with self._lock:
            for name, last_s in tuple(self._last_s.items()):
                if self._clock() - last_s < self._wait_s:
                    continue
                files = _images(self._place.incoming / name)
                if len(files) > self._num_queued(name):
                    self._queue.add(name, partial(self._snapshot, files), study=name, num_files=len(files))
                del self._last_s[name]

    def forget(self, job: Job) -> None:
        """Forget an ended job with all that it was read from; its reading stays.

        Images of its study go with its last job, unless more of them are coming in.
        """
        with self._lock:
            others = any(other.study == job.study for other in self._queue.all() if other.name != job.name)
            if job.study and not others and job.study not in self._last_s:
                shutil.rmtree(self._place.incoming / job.study, ignore_errors=True)
            self._queue.remove(job.name)

    def _num_queued(self, study: str) -> int:
        return max((job.num_files for job in self._queue.all() if job.study == study), default=0)

    def _snapshot(self, files: list[Path], name: str) -> str:
        """The images there are now, as a folder that later ones do not change."""
        making, final = self._place.scratch / f"{name}.partial", self._place.sources / name
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        for file in files:
            try:
                os.link(file, making / file.name)
            except OSError:  # a file system without links
                shutil.copyfile(file, making / file.name)
        making.rename(final)
        return name


def _images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.dcm") if not path.name.startswith("."))


def _uids(content: bytes) -> tuple[str, str]:
    """Of study and image."""
    wanted = ("StudyInstanceUID", "SOPInstanceUID")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they quote the header
            data = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True, specific_tags=list(wanted))
            study, instance = (str(data.get(name, "")) for name in wanted)
    except Exception as error:  # whatever a header may hold
        raise InputError(f"What was sent is no DICOM ({type(error).__name__}).") from None
    if not (_UID.fullmatch(study) and _UID.fullmatch(instance)):
        raise InputError("What was sent lacks the identifier of its study or image, or has one that cannot be.")
    return study, instance
