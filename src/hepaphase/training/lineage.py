"""Licences of all that went into a model: they travel in its card, and may be required to be open."""

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..base.errors import ConfigError
from ..datasets.licence import NOT_STATED, is_open
from .cohort import Cohort

SIMULATED = "simulated by hepaphase: no patient data"
_MARK = "phantom_version.npy"
"""Only crops that the simulator wrote hold it."""


def lineage(cohort: Cohort, earlier: Iterable[str] = ()) -> tuple[str, ...]:
    """One line per source of the cases, as ``prepare`` wrote it beside them, after those of ``earlier`` models."""
    lines = dict.fromkeys(earlier)
    for folder in dict.fromkeys(path.parent for path in cohort.files):
        own = [path for path in cohort.files if path.parent == folder]
        said = _beside(folder)
        lines |= dict.fromkeys([said] if said else (_of_crop(path, cohort.name) for path in own))
    return tuple(lines)


def require_open(lines: Iterable[str]) -> None:
    """Refuse unless every line states a licence that does not forbid commercial use.

    Raises:
        ConfigError: naming the lines in the way.
    """
    closed = [line for line in lines if not is_open(line)]
    if closed:
        raise ConfigError(
            f"An open model was asked for (--open), and it would learn from: {'; '.join(closed)}. Leave these out, or "
            "state the licence in a file LICENSE beside the cases and prepare them again."
        )


def _beside(folder: Path) -> str:
    try:
        record: dict[str, Any] = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(record.get("licence", ""))


def _of_crop(path: Path, cohort: str) -> str:
    with zipfile.ZipFile(path) as file:
        return SIMULATED if _MARK in file.namelist() else f"{cohort}: {NOT_STATED}"
