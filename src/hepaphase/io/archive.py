"""A zip file as a folder, for as long as it is needed."""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..base.errors import InputError


def is_archive(path: Path) -> bool:
    """Whether ``path`` is a file named like a zip."""
    return path.is_file() and path.suffix.lower() == ".zip"


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """Yield what lies at ``path``: a zip unpacked, as by ``unpacked``; anything else as it is."""
    if is_archive(path):
        with unpacked(path) as folder:
            yield folder
    else:
        yield path


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yield a temporary folder with what is in the zip, the one folder in it if that is all there is; then remove it.

    Nothing is written outside that folder, whatever the names in the zip say.

    Raises:
        InputError: when the file is no zip, damaged, encrypted, or larger than the free space.
    """
    with tempfile.TemporaryDirectory(prefix="hepaphase-") as name:
        folder = Path(name)
        try:
            with zipfile.ZipFile(path) as archive:
                _require_room(archive, folder, path)
                archive.extractall(folder)
        except (
            OSError,
            EOFError,
            RuntimeError,
            ValueError,
            NotImplementedError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:
            raise InputError(f"'{path}' cannot be unpacked: {' '.join(str(error).split())}.") from error
        yield _only_folder(folder)


def _require_room(archive: zipfile.ZipFile, folder: Path, path: Path) -> None:
    needed = sum(item.file_size for item in archive.infolist())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"'{path}' unpacks to {needed / 2**30:.1f} GiB, there are {free / 2**30:.1f} GiB free. Make room."
        )


def _only_folder(folder: Path) -> Path:
    inside = [item for item in folder.iterdir() if not item.name.startswith(("__MACOSX", "."))]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder
