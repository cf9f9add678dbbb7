"""Recall, class accuracy and false finds by lesion, for lesions of one size."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from .bootstrap import Bootstrap, Indices, interval
from .lesion_rows import LesionRow
from .patient import Statistic

EDGES_MM = (0.0, 5.0, 10.0, 20.0, float("inf"))
"""Radii of the sphere of a lesion's volume (PLAN); the smallest counted has 3 mm."""


def by_size(
    rows: Sequence[LesionRow], cases: Sequence[str], config: Bootstrap | None = None, *, lesion_class: str = ""
) -> list[Statistic]:
    """Recall and class accuracy of true lesions by radius, whole patients resampled; and false finds per patient.

    Args:
        rows: of all patients.
        cases: every patient, those without any row too.
        config: of the bootstrap.
        lesion_class: only true lesions of this class, and no false finds; all where empty.
    """
    statistics = []
    for low, high in pairwise(EDGES_MM):
        inside = [r for r in rows if r.is_true and low <= r.radius_mm < high and lesion_class in ("", r.true_class)]
        name = f"radius {low:g} to {high:g} mm" if np.isfinite(high) else f"radius {low:g} mm and more"
        found = [r for r in inside if r.is_found]
        statistics += _share(f"recall, {name}", inside, lambda r: r.is_found, cases, config)
        statistics += _share(f"class accuracy, {name}", found, lambda r: r.found_class == r.true_class, cases, config)
    if not lesion_class:
        false = np.zeros(len(cases))
        number = {case: k for k, case in enumerate(cases)}
        for row in rows:
            false[number[row.case]] += not row.is_true
        between = interval(lambda index: float(false[index].mean()), np.zeros(len(cases)), config)
        statistics.append(Statistic("false lesions per patient", between, len(cases), int(false.sum())))
    return statistics


def _share(
    name: str,
    rows: Sequence[LesionRow],
    good: Callable[[LesionRow], bool],
    cases: Sequence[str],
    config: Bootstrap | None,
) -> list[Statistic]:
    """A share of lesions; nothing where there is no lesion."""
    number = {case: k for k, case in enumerate(cases)}
    counts = np.zeros((len(cases), 2))
    for row in rows:
        counts[number[row.case]] += good(row), 1
    holders = np.flatnonzero(counts[:, 1])
    if not holders.size:
        return []

    def share(index: Indices) -> float:
        above, below = counts[holders[index]].sum(axis=0)
        return float(above / below)

    return [Statistic(name, interval(share, np.zeros(len(holders)), config), len(holders), len(rows))]
