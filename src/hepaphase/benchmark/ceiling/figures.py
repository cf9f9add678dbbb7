"""Ends of brackets as rows of a CSV, as tables, and looked up by cohort beside other results."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from ...base.atomic import atomic_path
from ...base.errors import InputError

KNOWN = files(__package__) / "known"
"""Brackets of cohorts with frozen names, one CSV each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One end of one bracket."""

    quantity: str
    """``AUC`` or ``MAE`` (HU)."""
    level: str
    """``patient`` or ``lesion``; of an error ``lesion mean``, ``lesion`` (its voxels) or ``liver``."""
    inputs: str
    """Phases given, such as ``NC, PVP``."""
    clinical: bool
    name: str
    """As ``evaluation`` calls it (``AUC-8``, ``malignant AUC``, ``AUC hcc``), or the phase that is asked for."""
    end: str
    """``lower`` or ``upper``."""
    value: float
    low: float
    """Of the interval over patients."""
    high: float
    num: int
    positive: int | None = None


Key = tuple[str, str, str, bool, str]


def write_figures(path: Path, figures: Sequence[Figure], facts: Mapping[str, str]) -> None:
    """One line per end, each with ``facts`` (cohort, how it was made)."""
    names = [f.name for f in fields(Figure)]
    with atomic_path(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*names, *facts])
        for figure in figures:
            writer.writerow([*(_text(value) for value in asdict(figure).values()), *facts.values()])


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else value


def read_figures(text: str) -> list[Figure]:
    """What :func:`write_figures` wrote.

    Raises:
        InputError: for a table of another shape.
    """
    try:
        return [_figure(line) for line in csv.DictReader(text.splitlines())]
    except (KeyError, ValueError) as error:
        raise InputError(
            f"This is not a table of ceilings ({error}). Make it again: hepaphase benchmark ceiling."
        ) from error


def _figure(line: Mapping[str, str]) -> Figure:
    return Figure(
        quantity=line["quantity"],
        level=line["level"],
        inputs=line["inputs"],
        clinical=line["clinical"] == "1",
        name=line["name"],
        end=line["end"],
        value=float(line["value"]),
        low=float(line["low"]),
        high=float(line["high"]),
        num=int(line["num"]),
        positive=int(line["positive"]) if line["positive"] else None,
    )


def known_brackets(cohort: str) -> dict[Key, tuple[float, float]]:
    """Brackets of the cohort of that name, empty when none are known."""
    path = KNOWN / f"{cohort}.csv"
    return brackets(read_figures(path.read_text(encoding="utf-8"))) if cohort and path.is_file() else {}


def brackets(figures: Sequence[Figure]) -> dict[Key, tuple[float, float]]:
    """(quantity, level, inputs, clinical, name) to (lower, upper); one that has only one end gets NaN for the other."""
    found: dict[Key, dict[str, float]] = {}
    for f in figures:
        found.setdefault((f.quantity, f.level, f.inputs, f.clinical, f.name), {})[f.end] = f.value
    return {key: (ends.get("lower", float("nan")), ends.get("upper", float("nan"))) for key, ends in found.items()}


def bracket_text(bracket: tuple[float, float] | None, *, digits: int = 2) -> str:
    """``0.71 to 0.93``, ``3.1 or more`` where only the lower end is known, nothing where neither is."""
    if bracket is None:
        return ""
    low, high = bracket
    return f"{low:.{digits}f} or more" if high != high else f"{low:.{digits}f} to {high:.{digits}f}"


def with_column(table: str, title: str, cells: Mapping[str, str]) -> str:
    """A Markdown table with one more column at the end; ``cells`` by what the first cell of a line says."""
    lines = []
    for number, line in enumerate(table.splitlines()):
        name = line.split("|")[1].strip() if line.startswith("|") else None
        if name is None:
            lines.append(line)
        else:
            lines.append(line + (f" {title} |", "---|")[number] if number < 2 else f"{line} {cells.get(name, '')} |")
    return "\n".join(lines) + "\n"
