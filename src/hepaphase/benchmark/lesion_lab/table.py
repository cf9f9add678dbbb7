"""The table: sensitivity and class accuracy with Wilson's intervals, false finds with intervals over copies."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np
from scipy.stats import binomtest

from ...evaluation.bootstrap import Bootstrap, interval
from ...evaluation.sizes import EDGES_MM
from ...study.lesions import LESION_CLASSES, MALIGNANT
from .run import LabResult, LabRow

CONTRASTS_HU = (0.0, 10.0, 20.0, 40.0, float("inf"))
"""Edges of how far a lesion is from the liver around it, either way (our choice)."""


def table(result: LabResult, config: Bootstrap | None = None) -> str:
    """All figures in Markdown.

    A share of lesions has Wilson's interval, as if lesions were independent; those in one copy share a scan. A class is
    right when the most probable one is that of the lesion; only found lesions are asked for it.
    """
    true = [r for r in result.rows if r.is_true]
    lines = ["| lesions | sensitivity | class right, of those found | malignant or benign right, of those found |",
             "|---|---|---|---|"]  # fmt: skip
    for name, rows in _groups(true):
        found = [r for r in rows if r.is_found]
        side = sum((r.lesion_class in MALIGNANT) == (r.found_class in MALIGNANT) for r in found)
        named = sum(r.lesion_class == r.found_class for r in found)
        cells = (share(len(found), len(rows)), share(named, len(found)), share(side, len(found)))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    parts = ["\n".join(lines), _false_finds(result, config)]
    if result.left_out:
        parts.append("Found no place: " + " ".join(result.left_out))
    return "\n\n".join(parts) + "\n"


def _groups(rows: Sequence[LabRow]) -> Iterator[tuple[str, list[LabRow]]]:
    """Names and rows of each line of the table, empty ones left out."""
    yield "all", list(rows)
    tests: list[tuple[str, Callable[[LabRow], bool]]] = []
    for low, high in pairwise(EDGES_MM):
        tests.append((_range("radius", low, high, "mm"), lambda r, a=low, b=high: a <= r.radius_mm < b))  # type: ignore[misc]
    tests += [(key, lambda r, k=key: r.lesion_class == k) for key in LESION_CLASSES]  # type: ignore[misc]
    for low, high in pairwise(CONTRASTS_HU):
        name = _range("contrast to the liver", low, high, "HU")
        tests.append((name, lambda r, a=low, b=high: a <= abs(r.contrast_hu) < b))  # type: ignore[misc]
    for scan in dict.fromkeys((r.scan, r.phase) for r in rows):
        tests.append((f"{scan[0]} ({scan[1]})", lambda r, s=scan[0]: r.scan == s))  # type: ignore[misc]
    for name, test in tests:
        if kept := [r for r in rows if test(r)]:
            yield name, kept


def _range(what: str, low: float, high: float, unit: str) -> str:
    return f"{what} {low:g} to {high:g} {unit}" if np.isfinite(high) else f"{what} {low:g} {unit} and more"


def share(count: int, total: int) -> str:
    """``0.50 [0.24, 0.76] (5 of 10)``, Wilson's interval; a dash where there is nothing to count."""
    if not total:
        return "-"
    found = binomtest(count, total).proportion_ci(method="wilson")
    return f"{count / total:.2f} [{found.low:.2f}, {found.high:.2f}] ({count} of {total})"


def _false_finds(result: LabResult, config: Bootstrap | None) -> str:
    """False finds of each scan as it is, and per copy: all, and those the untouched scan does not have."""
    titles = (
        "scan",
        "copies",
        "reported in the untouched scan",
        "false finds per copy",
        "of these not in the untouched",
    )
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    false = [r for r in result.rows if not r.is_true]
    every: list[tuple[float, float]] = []
    for scan, copies in result.copies.items():
        own = [r for r in false if r.scan == scan]
        counts = [
            (float(sum(r.copy == k for r in own)), float(sum(r.copy == k and not r.untouched for r in own)))
            for k in range(1, copies + 1)
        ]
        every += counts
        before = sorted(r.found_class for r in own if r.copy == 0)
        named = ", ".join(f"{len(list(same))} {key}" for key, same in groupby(before)) or "0"
        lines.append(f"| {scan} | {copies} | {named} | {_mean(counts, 0, config)} | {_mean(counts, 1, config)} |")
    num_before = sum(r.copy == 0 for r in false)
    lines.append(f"| all | {len(every)} | {num_before} | {_mean(every, 0, config)} | {_mean(every, 1, config)} |")
    return "\n".join(lines)


def _mean(counts: Sequence[tuple[float, float]], column: int, config: Bootstrap | None) -> str:
    if not counts:
        return "-"
    values = np.array(counts)[:, column]
    found = interval(lambda index: float(values[index].mean()), np.zeros(len(values)), config)
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
