"""Uploads: files under numbers, then all of them a study."""

import re
import secrets
import shutil
import time
import zipfile
from pathlib import Path
from typing import Protocol

from ..base.errors import InputError
from .jobs import Job, Queue
from .place import Place

_ID = re.compile(r"[0-9a-f]{16}")
_ZIP = b"PK\x03\x04"
_CHUNK = 2**20
MAX_FILES = 50_000
"""Of one upload, and in one zip (our choice)."""
_IDLE_S = 3600.0
"""An upload that nothing was added to for so long is forgotten (our choice)."""


class Stream(Protocol):
    """Where a file comes from."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        ...


class Uploads:
    """Uploads that are under way. File names are not asked for: people write patients into them."""

    def __init__(self, place: Place, queue: Queue, *, max_bytes: int) -> None:
        self._place, self._queue, self.max_bytes = place, queue, max_bytes

    def begin(self) -> str:
        """A new upload; what its files are put under."""
        self._forget_idle()
        key = secrets.token_hex(8)
        (self._place.uploads / key).mkdir()
        return key

    def put(self, key: str, number: int, stream: Stream, length: int) -> None:
        """Add one file.

        Args:
            key: from ``begin``.
            number: of the file, from 0.
            stream: gives ``length`` bytes.
            length: in bytes.

        Raises:
            InputError: when there is no such upload, it has a file of that number, or it is too large or too short.
            OutputError: when the disk would be full.
        """
        folder = self._folder(key)
        if not 0 <= number < MAX_FILES:
            raise InputError(f"An upload has {MAX_FILES} files at most.")
        if length + sum(path.stat().st_size for path in folder.iterdir()) > self.max_bytes:
            raise InputError(f"An upload has {self.max_bytes / 2**30:g} GiB at most.")
        self._place.require_room(length)
        partial, final = folder / f".{number}", folder / f"{number:05d}"
        if partial.exists() or final.exists():
            raise InputError(f"File {number} of the upload is there already.")
        try:
            with partial.open("xb") as file:
                left = length
                while left and (chunk := stream.read(min(_CHUNK, left))):
                    file.write(chunk)
                    left -= len(chunk)
            if left:
                raise InputError(f"File {number} of the upload broke off.")
            partial.rename(final)
        finally:
            partial.unlink(missing_ok=True)

    def finish(self, key: str) -> Job:
        """Queue an upload: one zip, or the files of a DICOM folder.

        Raises:
            InputError: when it is empty, or a zip that is damaged or unpacks to too much; it is gone then.
        """
        folder = self._folder(key)
        files = sorted(folder.iterdir())
        try:
            if not files or any(file.name.startswith(".") for file in files):
                raise InputError("The upload is empty, or not whole.")
            is_zip = len(files) == 1 and _starts_like_zip(files[0])
            if is_zip:
                self._check_zip(files[0])
        except InputError:
            self.cancel(key)
            raise
        return self._queue.add("upload", lambda name: self._move_in(name, folder, is_zip=is_zip))

    def cancel(self, key: str) -> None:
        """Forget an upload."""
        shutil.rmtree(self._folder(key))

    def _move_in(self, name: str, folder: Path, *, is_zip: bool) -> str:
        if not is_zip:
            folder.rename(self._place.sources / name)
            return name
        (folder / "00000").rename(folder / f"{name}.zip")
        folder.rename(self._place.sources / name)
        return f"{name}/{name}.zip"

    def _check_zip(self, path: Path) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                sizes = [item.file_size for item in archive.infolist()]
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
            raise InputError("The zip is damaged. Pack it again.") from error
        if len(sizes) > MAX_FILES or sum(sizes) > self.max_bytes:
            raise InputError(
                f"The zip unpacks to {sum(sizes) / 2**30:.1f} GiB in {len(sizes)} files; "
                f"{self.max_bytes / 2**30:g} GiB in {MAX_FILES} are the most."
            )
        self._place.require_room(sum(sizes))

    def _folder(self, key: str) -> Path:
        folder = self._place.uploads / key
        if not _ID.fullmatch(key) or not folder.is_dir():
            raise InputError("There is no such upload. Begin anew.")
        return folder

    def _forget_idle(self) -> None:
        for folder in self._place.uploads.iterdir():
            if time.time() - folder.stat().st_mtime > _IDLE_S:
                shutil.rmtree(folder, ignore_errors=True)


def _starts_like_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == _ZIP
