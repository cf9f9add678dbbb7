"""Folders as TCIA's downloader makes them: ``PATIENT/DATE-STUDY/SERIES/FILE``."""

import re
from pathlib import Path


def patient_folders(root: Path, prefix: str) -> dict[str, Path]:
    """Folders called ``prefix`` and something, at ``root`` or one below, by that something."""
    found = [p for pattern in ("", "*/", "*/*/") for p in sorted(root.glob(f"{pattern}{prefix}*")) if p.is_dir()]
    return {p.name.removeprefix(prefix): p for p in reversed(found) if any(p.glob("*/*/*"))}


def by_date(patient: Path) -> list[Path]:
    """The studies of a patient in order of the date (month-day-year) that their folders begin with."""
    return sorted((p for p in patient.iterdir() if p.is_dir()), key=_date)


def _date(folder: Path) -> tuple[str, str, str, str]:
    found = re.match(r"(\d\d)-(\d\d)-(\d{4})", folder.name)
    return (found[3], found[1], found[2], folder.name) if found else ("", "", "", folder.name)
