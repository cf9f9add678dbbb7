"""LIDIA's tables from whatever rows have been trained: figures with intervals, paired tests, the published beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...base.errors import InputError
from ...evaluation.bootstrap import Bootstrap, Indices, Interval, interval
from ...evaluation.correct import holm
from ...evaluation.patient import Measure, measures, truth_matrix
from ...evaluation.rows import read_facts, read_rows
from ...study.lesions import LESION_CLASSES
from .settings import TABLES, Row, Table

PER_CLASS = tuple(f"AUC {key}" for key in LESION_CLASSES)
COUNTING = ("scale", "cohort", "steps")
"""Facts that all rows of one table must share."""


@dataclass(frozen=True, slots=True)
class Found:
    """A row of a table with what was measured for it."""

    row: Row
    seeds: Mapping[int, Mapping[str, Measure]]
    """Seed to its statistics, over the patients in one order."""
    truth: npt.NDArray[np.bool_]
    """(N, K), which patient has which class."""

    def mean(self, statistic: str, index: Indices) -> float:
        """The statistic over the patients of ``index``, averaged over seeds; NaN where a seed lacks it."""
        return float(np.mean([_compute(seed.get(statistic), index) for seed in self.seeds.values()]))


def _compute(measure: Measure | None, index: Indices) -> float:
    if measure is None:
        return float("nan")
    return measure.compute(index[np.isin(index, measure.patients)])


def collect(results: Path) -> tuple[dict[str, Found], dict[str, str]]:
    """Rows that exist below ``results``, and the facts that they share (scale, cohort, steps).

    Raises:
        InputError: when rows are of different patients or made at different scales.
    """
    found: dict[str, Found] = {}
    shared: dict[str, str] = {}
    everyone: set[tuple[str, ...]] = set()
    for name, row in {n: r for table in TABLES.values() for n, r in table.rows.items()}.items():
        files = sorted(results.glob(f"{name}-seed*.csv"), key=_seed)
        for path in files:
            _require_same(shared, read_facts(path, COUNTING), path)
        seeds = {_seed(path): sorted(read_rows(path), key=lambda r: r.case) for path in files}
        everyone |= {tuple(r.case for r in seed) for seed in seeds.values()}
        if seeds:
            truth = truth_matrix(next(iter(seeds.values())))
            found[name] = Found(row, {number: measures(rows) for number, rows in seeds.items()}, truth)
    if len(everyone) > 1:
        raise InputError(f"The rows in {results} are of different patients. Keep one test cohort per folder.")
    return found, shared


def _seed(path: Path) -> int:
    """Of ``ROW-seedN.csv``."""
    return int(path.stem.rpartition("-seed")[2])


def _require_same(shared: dict[str, str], facts: Mapping[str, str], path: Path) -> None:
    for name, value in facts.items():
        if shared.setdefault(name, value) != value:
            raise InputError(
                f"{path.name} has {name} '{value}', other rows have '{shared[name]}'. Rows of one table are made alike."
            )


def make_tables(results: Path, config: Bootstrap | None = None) -> str:
    """All tables in Markdown; what has not been trained is said.

    Intervals are by bootstrap of patients, the same for all seeds of a row, whose figures are averaged; they do not
    hold what another seed would have changed, which is why each seed's figure stands beside. Differences are paired by
    patient; their p-values come from the same bootstrap and are corrected by Holm's rule within a table.

    Raises:
        InputError: as :func:`collect`; or when there is no row at all.
    """
    found, shared = collect(results)
    if not found:
        raise InputError(f"{results} holds no row (ROW-seedN.csv). Train one: hepaphase benchmark lidia-row.")
    lines = [f"Scale {shared['scale']}, {shared['steps']} steps, test cohort {shared['cohort']}.", ""]
    for table in TABLES.values():
        lines += [f"## {table.title}", "", *_table(table, found, config), ""]
    return "\n".join(lines)


def _table(table: Table, found: Mapping[str, Found], config: Bootstrap | None) -> list[str]:
    own = {name: found[name] for name in table.rows if name in found}
    missing = [f"{row.title} (`{row.training}`)" for name, row in table.rows.items() if name not in own]
    lines: list[str] = []
    if own:
        columns = [*table.statistics, *PER_CLASS]
        lines += ["| | seeds | each seed's AUC-8 | " + " | ".join(columns) + " |", "|---" * (len(columns) + 3) + "|"]
        for name, row in table.rows.items():
            lines += _published(row, columns)
            lines += _measured(row.title, own[name], columns, config) if name in own else []
        lines += ["", *_tests(table, own, config)]
    if missing:
        lines += [f"Not trained yet: {', '.join(missing)}."]
    seeds = {name: (len(row.seeds), row.row.num_seeds) for name, row in own.items()}
    short = [f"{table.rows[name].title} ({n} of {of})" for name, (n, of) in seeds.items() if n < of]
    return [*lines, *([f"Fewer seeds than planned: {', '.join(short)}."] if short else [])]


def _published(row: Row, columns: Sequence[str]) -> list[str]:
    if not row.published:
        return []
    cells = [f"{row.published[c]:.3f}" if c in row.published else "" for c in columns]
    return [f"| {row.title}, published | | | " + " | ".join(cells) + " |"]


def _measured(title: str, found: Found, columns: Sequence[str], config: Bootstrap | None) -> list[str]:
    cells = [_cell(_interval(found, c, config)) for c in columns]
    each = [_compute(seed.get("AUC-8"), np.arange(len(found.truth))) for seed in found.seeds.values()]
    return [f"| {title}, ours | {len(each)} | {_row_of(each, '.3f')} | " + " | ".join(cells) + " |"]


def _row_of(values: Sequence[float], form: str) -> str:
    """One figure a seed, in their order; nothing where there is one seed."""
    return ", ".join(f"{value:{form}}" for value in values) if len(values) > 1 else ""


def _cell(i: Interval) -> str:
    return "" if np.isnan(i.value) else f"{i.value:.3f} [{i.low:.3f}, {i.high:.3f}]"


def _interval(found: Found, statistic: str, config: Bootstrap | None) -> Interval:
    return interval(lambda index: found.mean(statistic, index), found.truth, config)


def _tests(table: Table, own: Mapping[str, Found], config: Bootstrap | None) -> list[str]:
    """Paired differences in AUC-8 from the row held against, published ones beside."""
    pairs = [(name, table.against or before) for before, name in _steps(table) if name != table.against]
    pairs = [(a, b) for a, b in pairs if a in own and b in own]
    if not pairs:
        return []
    gaps = [difference(own[a], own[b], "AUC-8", config) for a, b in pairs]
    lines = ["| AUC-8 of | minus | ours | each seed | p, corrected | published |", "|---" * 6 + "|"]
    for (a, b), gap, p in zip(pairs, gaps, holm([gap.p for gap in gaps]), strict=True):
        one, two = table.rows[a], table.rows[b]
        both = "AUC-8" in one.published and "AUC-8" in two.published
        published = f"{one.published['AUC-8'] - two.published['AUC-8']:+.3f}" if both else ""
        cell = f"{gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]"
        each = _row_of(_seed_by_seed(own[a], own[b]), "+.3f")
        lines.append(f"| {one.title} | {two.title} | {cell} | {each} | {p:.3f} | {published} |")
    return [*lines, ""]


def _steps(table: Table) -> list[tuple[str, str]]:
    """Each row with the one before; the first with itself where all are held against one row."""
    names = list(table.rows)
    first = [(names[0], names[0])] if table.against else []
    return first + list(pairwise(names))


def _seed_by_seed(one: Found, two: Found) -> list[float]:
    """The difference in AUC-8 for each seed that both rows have."""
    everyone = np.arange(len(one.truth))
    both = [seed for seed in one.seeds if seed in two.seeds]
    return [
        _compute(one.seeds[seed].get("AUC-8"), everyone) - _compute(two.seeds[seed].get("AUC-8"), everyone)
        for seed in both
    ]


def difference(one: Found, two: Found, statistic: str, config: Bootstrap | None = None) -> Interval:
    """Paired difference of a statistic, both rows averaged over their own seeds."""

    def minus(index: Indices) -> float:
        return one.mean(statistic, index) - two.mean(statistic, index)

    return interval(minus, one.truth, config)
