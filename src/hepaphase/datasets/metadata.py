"""The table beside a cohort: one row per case, as CSV or as an Excel sheet."""

import csv
import re
import zipfile
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..base.extras import need
from ..study.exam_facts import YES_NO

FILE_NAMES = ("metadata.csv", "metadata.xlsx")

Row = dict[str, Any]

_ANSWERS = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}
_AMOUNTS = ("afp", "ca19_9", "cea")
"""Facts that a table may give as an amount in place of an answer."""

_TABS = (".tab", ".tsv")
"""Dataverse serves every table as the first, BIDS has the second."""


def find_metadata(folder: Path) -> Path | None:
    """The table in ``folder``, if there is one.

    Raises:
        InputError: when there are two.
    """
    found = [folder / name for name in FILE_NAMES if (folder / name).exists()]
    if len(found) > 1:
        raise InputError(f"'{folder}' holds both {found[0].name} and {found[1].name}. Keep one.")
    return found[0] if found else None


def read_metadata(path: Path, *, key: str, repeats: bool = False) -> dict[str, Row]:
    """Rows of the table by the text in column ``key``, empty cells left out, numbers as numbers.

    Column names are matched in any letter case and given in lower case. With ``repeats`` a case may have several rows
    (one per image, say); each column then has its first value.

    Raises:
        InputError: when the file cannot be read, lacks the column, or names a case twice.
        MissingExtraError: for an Excel sheet where openpyxl is not installed.
    """
    table = _read_sheet(path) if path.suffix == ".xlsx" else _read_csv(path)
    head = [str(name or "").strip().lower() for name in (table[0] if table else [])]
    if key not in head:
        raise InputError(f"'{path}' has no column '{key}' (has: {', '.join(filter(None, head)) or 'none'}).")
    rows: dict[str, Row] = {}
    for cells in table[1:]:
        texts = {name: _plain(cell) for name, cell in zip(head, cells, strict=False) if name and _plain(cell)}
        case = texts.pop(key, "")
        if not case:
            continue
        if case in rows and not repeats:
            raise InputError(f"'{path}' has two rows for '{case}'. Keep one.")
        rows[case] = {name: _number(text) for name, text in texts.items()} | rows.get(case, {})
    return rows


def answered(row: Row) -> Row:
    """``row`` with words for yes and no as answers, in the columns of ``YES_NO``, where a reading weighs them.

    ``yes``, ``y``, ``true`` and ``no``, ``n``, ``false`` in any letter case; 1 and 0 too, but not of a marker, of which
    they may be the amount. Anything else stays as it is and is not weighed.
    """
    return {name: _answer(name, value) if name in YES_NO else value for name, value in row.items()}


def _answer(name: str, value: Any) -> Any:
    if name not in _AMOUNTS and value in (0, 1):
        return bool(value)
    return _ANSWERS.get(str(value).lower(), value)


def _read_csv(path: Path) -> list[list[Any]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [list(row) for row in csv.reader(file, delimiter="\t" if path.suffix in _TABS else ",")]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"'{path}' cannot be read as CSV in UTF-8: {error}.") from error


def _read_sheet(path: Path) -> list[list[Any]]:
    openpyxl = need("openpyxl", extra="xlsx")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            return [list(row) for row in book.active.iter_rows(values_only=True)]
        finally:
            book.close()
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"'{path}' cannot be read as an Excel sheet: {error}.") from error


def _plain(cell: Any) -> str:
    """A cell as text; a sheet's 7.0 is 7."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _number(text: str) -> Any:
    """A number where the text is an ordinary decimal one; ``007`` and ``1e5`` may be names and stay text."""
    if re.fullmatch(r"-?(0|[1-9]\d*)", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?(0|[1-9]\d*)\.\d+", text) else text
