"""Statistics as Markdown, CSV and text."""

import csv
import io
import math
from collections.abc import Mapping, Sequence

import numpy as np

from .bootstrap import Bootstrap, interval
from .patient import Statistic

FEWEST_PATIENTS, FEWEST_POSITIVE = 10, 5
"""Fewer get no interval: drawing a handful again and again shows less spread than there is (our choice)."""


def markdown(columns: Mapping[str, Sequence[Statistic]]) -> str:
    """One table: a line per statistic, a column per result, each cell as ``cell`` gives it, sizes beside.

    Args:
        columns: title of the column to its statistics; lines are those of the first column, then what others add.
    """
    lookup = {title: {s.name: s for s in statistics} for title, statistics in columns.items()}
    names = list(dict.fromkeys(s.name for statistics in columns.values() for s in statistics))
    lines = ["| | " + " | ".join(columns) + " | n | positive |", "|---" * (len(columns) + 3) + "|"]
    for name in names:
        found = [statistics[name] for statistics in lookup.values() if name in statistics]
        cells = [cell(statistics[name]) if name in statistics else "" for statistics in lookup.values()]
        size = str(max(s.num_patients for s in found))
        positive = next((str(s.num_positive) for s in found if s.num_positive is not None), "")
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {size} | {positive} |")
    return "\n".join(lines) + "\n"


def cell(statistic: Statistic) -> str:
    """``value [low, high]`` with as many digits as the size of the value asks for; ``undefined`` for NaN.

    Where there are too few patients, or too few positive, the value stands alone and says so.
    """
    if math.isnan(statistic.interval.value):
        return "undefined"
    digits = 3 if abs(statistic.interval.value) < 2 else 1
    i = statistic.interval
    num_positive = statistic.num_positive
    if statistic.num_patients < FEWEST_PATIENTS or (num_positive is not None and num_positive < FEWEST_POSITIVE):
        return f"{i.value:.{digits}f} (too few)"
    return f"{i.value:.{digits}f} [{i.low:.{digits}f}, {i.high:.{digits}f}]"


def as_csv(statistics: Sequence[Statistic], facts: Mapping[str, str]) -> str:
    """One line per statistic with its interval, sizes and ``facts`` (cohort, seed, command)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["statistic", "value", "low", "high", "num_patients", "num_positive", *facts])
    for s in statistics:
        numbers = [f"{v:.6g}" for v in (s.interval.value, s.interval.low, s.interval.high)]
        writer.writerow(
            [s.name, *numbers, s.num_patients, "" if s.num_positive is None else s.num_positive, *facts.values()]
        )
    return out.getvalue()


def mean_by_patient(cases: Sequence[str], values: Sequence[float], config: Bootstrap | None = None) -> str:
    """``mean [low, high]`` of values of lesions, whole patients resampled; ``""`` where there is none.

    Args:
        cases: whose lesion each is.
        values: of each lesion, 0 or 1 for a share.
        config: of the bootstrap.
    """
    if not cases:
        return ""
    of = np.unique(np.asarray(cases), return_inverse=True)[1]
    total, count = np.bincount(of, values), np.bincount(of)
    if len(count) < FEWEST_PATIENTS:
        return f"{total.sum() / count.sum():.3f} (too few)"
    got = interval(lambda index: float(total[index].sum() / count[index].sum()), np.zeros(len(count)), config)
    return f"{got.value:.3f} [{got.low:.3f}, {got.high:.3f}]"
