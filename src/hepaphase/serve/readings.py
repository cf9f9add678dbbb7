"""Readings in the folder: what each says of itself, and its files."""

from pathlib import Path
from typing import Any

from ..inference.finished import LAST, finished, is_finished

SHOWN = {
    "report.html": "text/html; charset=utf-8",
    "report.pdf": "application/pdf",
    "findings.json": "application/json",
    "run.json": "application/json",
    "liver.nii.gz": "application/gzip",
    "lesions.nii.gz": "application/gzip",
    "lesions.seg.dcm": "application/dicom",
    "report.sr.dcm": "application/dicom",
}
"""Files of a reading that are given out, and their kinds; no other file is."""


class Readings:
    """Finished readings below a folder; each is looked into once, and again when it changed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, tuple[int, dict[str, Any]]] = {}

    def rows(self, at_most: int) -> tuple[list[dict[str, Any]], int]:
        """One row per reading, the newest first: ``name``, ``files`` there are, and the facts of ``finished``.

        Only the newest are looked into; how many more there are is given beside. A folder whose files are not what
        ``read`` writes is ``broken`` and has no facts.
        """
        found = [folder for folder in self._root.iterdir() if not folder.name.startswith(".") and is_finished(folder)]
        dated = sorted(((_written(folder), folder) for folder in found), key=lambda pair: (-pair[0], pair[1].name))
        rows = [self._row(folder, written) for written, folder in dated[:at_most] if written]
        self._known = {row["name"]: self._known[row["name"]] for row in rows}
        return rows, max(0, len(dated) - at_most)

    def file(self, name: str, file: str) -> Path | None:
        """The path of a file of a reading; None where there is no such reading, no such file, or it is not shown."""
        if file not in SHOWN or name.startswith(".") or Path(name).name != name:
            return None
        path = self._root / name / file
        return path if is_finished(path.parent) and path.is_file() else None

    def _row(self, folder: Path, written: int) -> dict[str, Any]:
        known = self._known.get(folder.name)
        if known is None or known[0] != written:
            known = (written, _facts(folder))
            self._known[folder.name] = known
        return known[1]


def _written(folder: Path) -> int:
    """When the reading was written; 0 where it has gone."""
    try:
        return (folder / LAST).stat().st_mtime_ns
    except OSError:
        return 0


def _facts(folder: Path) -> dict[str, Any]:
    row = {"name": folder.name, "files": [name for name in SHOWN if (folder / name).is_file()]}
    try:
        return {"largest": "", **finished(folder), **row, "broken": False}
    except (OSError, ValueError, KeyError, TypeError):
        return {**row, "broken": True}
