"""Files that are either whole under their final name or not there at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

UNFINISHED = ".unfinished"
"""Folder inside an output folder that holds what is not whole yet; a killed run leaves it, the next one clears it."""


@contextmanager
def atomic_path(final: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``final``; rename it there, synced to disk, if the block succeeds.

    The temporary name ends like the final one, so that writers which look at the suffix still work.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=final.parent, prefix=".partial-", suffix="-" + final.name)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.chmod(0o644)
        partial.replace(final)
        _sync_folder(final.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def atomic_folder(final: Path, *, last: str, old: Iterable[str] = ()) -> Iterator[Path]:
    """Yield a folder inside ``final``; what was written there moves up, ``last`` after all else, if the block succeeds.

    A block that fails or is killed leaves the files of ``final`` as they were. While files move ``last`` is absent, so
    that its presence means whole.

    Args:
        final: the folder; made when it is not there.
        last: name of the file that moves last.
        old: names, below ``final``, of files of an earlier content; those that were not written anew are removed.
    """
    is_new = not final.exists()
    partial = final / UNFINISHED
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        names = [path.relative_to(partial) for path in sorted(partial.rglob("*")) if path.is_file()]
        for earlier in (last, *old):
            (final / earlier).unlink(missing_ok=True)
        for name in sorted(names, key=lambda name: name == Path(last)):
            (final / name).parent.mkdir(exist_ok=True)
            (partial / name).replace(final / name)
        _sync_folder(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if is_new and not any(final.iterdir()):
            final.rmdir()


def write_text(final: Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``final``, whole or not at all."""
    with atomic_path(final) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(final: Path, value: Any) -> None:
    """Write ``value`` as JSON, keys in the order given; NaN is refused."""
    write_text(final, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # other systems cannot open a folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
