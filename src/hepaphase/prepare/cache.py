"""Content-addressed store of prepared cases: a case is kept as long as nothing that it was made from has changed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..base.atomic import write_json
from .crop import LiverGrid

KEYS = "cache.json"
VERSION = 3
"""Goes into every key; raise it when preparation itself changes."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """What a prepared file was made from."""

    key: str
    sha256: str
    """Of the prepared file, so that a damaged one is made again."""
    warnings: tuple[str, ...] = ()
    """What was odd about the case when it was made."""
    judgments: tuple[Mapping[str, Any], ...] = ()
    """What the judge of the registration found: a table of plain values per phase."""

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Entry":
        """An entry as ``cache.json`` holds it."""
        return cls(
            stored["key"],
            stored["sha256"],
            tuple(stored.get("warnings", ())),
            tuple(dict(row) for row in stored.get("judgments", ())),
        )


def file_hash(path: Path) -> str:
    """SHA-256 of a file, read in chunks of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def case_key(paths: Iterable[Path], facts: Mapping[str, Any], grid: LiverGrid | None, *, tools: str = "") -> str:
    """One code for the bytes of every input file, what tables say about the case, the settings and the tools.

    ``tools`` stands for everything beside our own code that makes the result: the weights of the organ model above all.

    Names of files count without their folder: a cohort that moves keeps its cache.
    """
    told = {
        "version": VERSION,
        "grid": asdict(grid or LiverGrid()),
        "tools": tools,
        "facts": dict(facts),
        "files": sorted((path.name, file_hash(path)) for path in paths),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


class Cache:
    """Keys of the prepared cases in ``folder``, kept in ``cache.json``."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / KEYS
        self._folder = folder
        self._entries: dict[str, Entry] = {}
        if self._path.is_file():
            try:
                stored = json.loads(self._path.read_text(encoding="utf-8"))
                self._entries = {case: Entry.read(entry) for case, entry in stored.items()}
            except (ValueError, TypeError, AttributeError, KeyError):  # damaged: every case is made again
                self._entries = {}

    def holds(self, case: str, path: Path, key: str) -> bool:
        """Whether ``path`` is there, whole, and was made from what ``key`` stands for."""
        entry = self._entries.get(case)
        return entry is not None and entry.key == key and path.is_file() and file_hash(path) == entry.sha256

    def warnings(self, case: str) -> tuple[str, ...]:
        """What was odd about a case that is held."""
        return self._entries[case].warnings

    def judgments(self, case: str) -> tuple[Mapping[str, Any], ...]:
        """What the judge of the registration found about the phases of a case that is held."""
        return self._entries[case].judgments

    def put(
        self,
        case: str,
        path: Path,
        key: str,
        warnings: Iterable[str] = (),
        judgments: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        """Remember that ``path`` was made from what ``key`` stands for; written at once, whole or not at all."""
        self._entries[case] = Entry(key, file_hash(path), tuple(warnings), tuple(judgments))
        write_json(self._path, {name: asdict(entry) for name, entry in sorted(self._entries.items())})
