"""What a source's table says about a case, in our words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .metadata import Row, answered, read_metadata

CLASSES: Mapping[str, tuple[str, str]] = {
    "hcc": ("hcc", ""),
    "icc": ("icc", ""),
    "chcc-cca": ("other", ""),
    "crlm": ("metastasis", "colorectal"),
    "bclm": ("metastasis", "breast"),
    "hh": ("hemangioma", ""),
    "heman": ("hemangioma", ""),
    "hemangioma": ("hemangioma", ""),
    "metastasis": ("metastasis", ""),
    "fnh": ("fnh", ""),
    "cyst": ("cyst", ""),
    "calcification": ("calcification", ""),
    "adenoma": ("other", ""),
    "abscess": ("other", ""),
    "other": ("other", ""),
}
"""Spellings of public tables to lesion class and origin; in lower case."""

_YES_NO = re.compile(r"([YN])\b\s*\(?([^)]*)\)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The table of a source: where it is, and what its columns are called here."""

    files: tuple[str, ...]
    key: str
    rename: Mapping[str, str] = field(default_factory=dict)
    """Column of the source to ours, all in lower case; others keep their name."""
    kind: str = ""
    """Column with the kind of the lesions."""
    repeats: bool = False
    """Whether a case has several rows."""
    prefix: str = ""
    """Stands before the case in the key column."""

    def read(self, root: Path) -> dict[str, Row]:
        """Rows by case; none when there is no such file.

        Raises:
            InputError: when the file is damaged, lacks the key column, or names a case twice.
        """
        path = next((root / name for name in self.files if (root / name).is_file()), None)
        if path is None:
            return {}
        rows = read_metadata(path, key=self.key, repeats=self.repeats)
        return {
            case.removeprefix(self.prefix): answered({self.rename.get(k, k): v for k, v in row.items()})
            for case, row in rows.items()
        }

    def text(self, case: str, clinical: Mapping[str, Any], kind: str) -> str:
        """The table with one row, as the source would write it."""
        back = {ours: theirs for theirs, ours in self.rename.items()}
        row = {self.key: self.prefix + case}
        row |= {back.get(name, name): str(clinical[name]) for name in ("sex", "age") if name in clinical}
        if self.kind and kind:
            row[back.get(self.kind, self.kind)] = kind
        mark = "\t" if self.files[0].endswith((".tsv", ".tab")) else ","
        return mark.join(row) + "\n" + mark.join(row.values()) + "\n"


def yes_no(value: Any) -> tuple[bool | None, str]:
    """A cell such as ``Y``, ``N`` or ``Y(TACE)`` as an answer and its remark; other text is a remark alone."""
    text = str(value).strip()
    found = _YES_NO.fullmatch(text)
    return (None, text) if found is None else (found[1].upper() == "Y", found[2].strip())


def lesion_kind(value: Any) -> tuple[str, str] | None:
    """Class and origin of a kind as public tables spell it; None when the word is not known."""
    return CLASSES.get(str(value).strip().lower())


def spelled(lesion_class: str, origin: str = "") -> str:
    """A spelling of public tables for ``lesion_class``."""
    return next((word for word, known in CLASSES.items() if known == (lesion_class, origin)), lesion_class)
