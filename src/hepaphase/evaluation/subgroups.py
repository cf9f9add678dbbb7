"""The same figures for parts of a cohort: by age, sex, size, cirrhosis, scanner, missing phases."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .bootstrap import Bootstrap
from .patient import Statistic, summarize
from .rows import PatientRow
from .table import cell

SHOWN = ("AUC-8", "malignant AUC", "lesion recall", "lesion precision", "lesion class accuracy")
AGES = (50, 65)
RADII_MM = (5.0, 10.0, 20.0)

Groups = Mapping[str, Mapping[str, str]]
"""Name of a grouping (``sex``) to case to its group (``F``)."""


def groups_of(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Groupings from what is known of each case.

    Known facts: ``sex``, ``age``, ``cirrhosis``, ``scanner``, ``phases`` (names of those read), ``radius_mm`` (of the
    largest lesion). A case of which a fact is not known is in the group ``unknown``; a grouping that no case has is
    left out.
    """
    made: dict[str, Callable[[Mapping[str, Any]], str | None]] = {
        "sex": lambda f: f.get("sex"),
        "age": lambda f: _band(f.get("age"), AGES, "years"),
        "cirrhosis": lambda f: None if f.get("cirrhosis") is None else "yes" if f["cirrhosis"] else "no",
        "largest lesion, radius": lambda f: _band(f["radius_mm"], RADII_MM, "mm") if f.get("radius_mm") else None,
        "scanner": lambda f: f.get("scanner"),
        "phases": lambda f: ", ".join(f["phases"]) if f.get("phases") else None,
    }
    found = {}
    for name, group in made.items():
        of_case = {case: group(known) for case, known in facts.items()}
        if any(value is not None for value in of_case.values()):
            missing = "none" if name.startswith("largest") else "unknown"
            found[name] = {case: str(value or missing) for case, value in of_case.items()}
    return found


def _band(value: Any, edges: Sequence[float], unit: str) -> str | None:
    if value is None:
        return None
    low = max((e for e in edges if value >= e), default=None)
    high = min((e for e in edges if value < e), default=None)
    if low is None:
        return f"below {high:g} {unit}"
    return f"{low:g} {unit} and more" if high is None else f"{low:g} to {high:g} {unit}"


def subgroup_table(rows: Sequence[PatientRow], groups: Groups, config: Bootstrap | None = None) -> str:
    """A line per group and the whole cohort first, a column per figure, in Markdown.

    A class that a group lacks leaves its AUC-8 undefined. Groups are looked at side by side; nothing is tested.
    """
    header = "| group | n | " + " | ".join(SHOWN) + " |"
    lines = [header, "|---" * (len(SHOWN) + 2) + "|", _line("everyone", rows, config)]
    for name, of_case in groups.items():
        for group in sorted(set(of_case.values())):
            members = [row for row in rows if of_case.get(row.case) == group]
            if members:
                lines.append(_line(f"{name}: {group}", members, config))
    return "\n".join(lines) + "\n"


def _line(title: str, rows: Sequence[PatientRow], config: Bootstrap | None) -> str:
    found: dict[str, Statistic] = {s.name: s for s in summarize(rows, config)}
    cells = [cell(found[name]) if name in found else "" for name in SHOWN]
    return f"| {title} | {len(rows)} | " + " | ".join(cells) + " |"
