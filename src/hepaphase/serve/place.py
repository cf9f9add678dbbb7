"""The folder that is served: readings, and beside them what waits to be read."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import OutputError
from ..inference.finished import is_finished

OWN = ".serve"
"""Holds studies as they came, with whose they are: for the owner's eyes alone."""
RESERVE_BYTES = 2**30
"""Of the disk, left free by whatever comes in (our choice)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything lies below the folder."""

    root: Path
    """Readings: ``root/NAME``."""

    @property
    def jobs(self) -> Path:
        """One file per study that waits, is read or was."""
        return self.root / OWN / "jobs"

    @property
    def incoming(self) -> Path:
        """One folder per study that was sent here, which grows."""
        return self.root / OWN / "incoming"

    @property
    def uploads(self) -> Path:
        """Uploads that are not whole yet."""
        return self.root / OWN / "uploads"

    @property
    def sources(self) -> Path:
        """One folder per job with what it reads, which does not change."""
        return self.root / OWN / "sources"

    @property
    def logs(self) -> Path:
        """What each reading said."""
        return self.root / OWN / "logs"

    @property
    def scratch(self) -> Path:
        """Temporary files of readings."""
        return self.root / OWN / "scratch"

    def log(self, name: str) -> Path:
        """What the reading of that name said."""
        return self.logs / f"{name}.log"

    def require_room(self, num_bytes: int) -> None:
        """Refuse what would fill the disk.

        Raises:
            OutputError: when less than the reserve would stay free.
        """
        free = shutil.disk_usage(self.root).free
        if num_bytes + RESERVE_BYTES > free:
            raise OutputError(
                f"{num_bytes / 2**30:.1f} GiB do not fit: {free / 2**30:.1f} GiB are free, 1 stays so. Make room."
            )


@contextmanager
def opened(root: Path) -> Iterator[Place]:
    """Yield the place, made where it was not, for as long as nobody else may serve it.

    What a killed run left half done, uploads and temporary files, goes.

    Raises:
        OutputError: when another process serves the folder, or it is itself a reading.
    """
    if is_finished(root):
        raise OutputError(f"'{root}' is one reading. Give the folder that holds it.")
    place = Place(root)
    root.mkdir(parents=True, exist_ok=True)
    (root / OWN).mkdir(mode=0o700, exist_ok=True)
    (root / OWN).chmod(0o700)
    with (root / OWN / "lock").open("a", encoding="utf-8") as file:
        if not _locked(file.fileno()):
            raise OutputError(f"'{root}' is served by another process. Stop it, or give another folder.")
        for folder in (place.uploads, place.scratch):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in (place.jobs, place.incoming, place.uploads, place.sources, place.logs, place.scratch):
            folder.mkdir(exist_ok=True)
        yield place


def _locked(handle: int) -> bool:
    """Whether the file is ours now, until it is closed; systems without such locks take it as so."""
    if os.name != "posix":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
