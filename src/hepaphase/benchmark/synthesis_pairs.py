"""The benchmark of generators pair by pair: errors beside what is possible, regions made up, coverage of the doubt."""

from collections.abc import Callable, Mapping, Sequence

from ..evaluation.bootstrap import Bootstrap
from ..evaluation.patient import Statistic
from ..evaluation.table import FEWEST_PATIENTS
from .ceiling.figures import Key, bracket_text, known_brackets
from .synthesis import REGIONS, statistics
from .synthesis_row import SynthesisRow

MARGINS = {"68": 5.0, "95": 3.0}
"""Points by which an interval's coverage may miss what is meant (the issue's own number)."""
_TITLES = {"liver": "liver voxels", "lesion": "lesion voxels", "lesion_mean": "lesion means"}
_MADE_UP = {
    "made_up_unfounded_healthy": "without a correlate",
    "made_up_local_healthy": "seen",
    "made_up_healthy": "odd",
}
_NAMES = (
    *("liver_mae", "liver_mean_mae", "lesion_mae", "lesion_mean_mae", "erased", *_MADE_UP),
    *(f"{region}_cover{share}" for share in MARGINS for region in REGIONS),
)
Pairs = Mapping[tuple[str, str], Mapping[str, Statistic]]
"""Inputs and target to the statistics of that pair, by figure."""


def pairs_text(rows: Sequence[SynthesisRow], cohort: str, config: Bootstrap | None = None) -> str:
    """Three tables in Markdown for each generator: a line per pair of inputs and target.

    Args:
        rows: of the benchmark, any generators.
        cohort: a name whose ceiling may be known; it stands beside the errors, lower to upper end, HU.
        config: of the bootstrap over patients.
    """
    known, parts = known_brackets(cohort), []
    for name in dict.fromkeys(row.generator for row in rows):
        found = _by_pair([row for row in rows if row.generator == name], config)
        parts.append(f"## {name}, {cohort}\n\n{_errors(found, known)}\n{_regions(found)}\n{_coverage(found)}")
    return "\n".join(parts)


def _by_pair(rows: Sequence[SynthesisRow], config: Bootstrap | None) -> Pairs:
    named = {s.name: s for s in statistics(rows, config, names=_NAMES)}
    keys = dict.fromkeys((row.inputs, str(row.target)) for row in rows)
    order = sorted(keys, key=lambda key: key[0].count(","))
    found = {key: {n: named.get(f"{key[0]} to {key[1]}: {n}") for n in _NAMES} for key in order}
    return {key: {n: s for n, s in one.items() if s is not None} for key, one in found.items()}


def _errors(pairs: Pairs, known: Mapping[Key, tuple[float, float]]) -> str:
    def line(key: tuple[str, str], of: Mapping[str, Statistic]) -> list[str]:
        liver, lesion = (bracket_text(known.get(("MAE", f"{r} mean", key[0], False, key[1])), digits=1) for r in _TWO)
        hu = {n: _cell(of.get(n), 1) for n in _NAMES}
        livers = [_size(of.get("liver_mae")), hu["liver_mae"], hu["liver_mean_mae"], liver]
        return [*livers, _size(of.get("lesion_mae")), hu["lesion_mae"], hu["lesion_mean_mae"], lesion]

    titles = ("patients", "liver voxels, HU", "its mean", "possible")
    return _table((*titles, "with lesions", "lesion voxels", "lesion means", "possible"), pairs, line)


_TWO = ("liver", "lesion")


def _regions(pairs: Pairs) -> str:
    def line(_: tuple[str, str], of: Mapping[str, Statistic]) -> list[str]:
        counts = [_cell(of.get(name), 2) for name in _MADE_UP]
        return [_size(of.get("made_up_healthy")), *counts, _size(of.get("erased")), _cell(of.get("erased"), 3)]

    titles = ("healthy livers", *(f"made up, {title}" for title in _MADE_UP.values()))
    return _table((*titles, "with lesions", "erased of visible"), pairs, line)


def _coverage(pairs: Pairs) -> str:
    """Coverage in percent with intervals, ``!`` where it misses by more than ``MARGINS``, and how many do not."""
    kept = {key: of for key, of in pairs.items() if any("_cover" in name for name in of)}
    inside = total = 0

    def line(_: tuple[str, str], of: Mapping[str, Statistic]) -> list[str]:
        nonlocal inside, total
        cells = []
        for region in REGIONS:
            cells.append(_size(of.get(f"{region}_cover68")))
            for share, margin in MARGINS.items():
                one = of.get(f"{region}_cover{share}")
                if one is None:
                    cells.append("")
                    continue
                held = abs(100 * one.interval.value - float(share)) <= margin
                inside, total = inside + held, total + 1
                cells.append(_cell(one, 0, times=100) + ("" if held else " !"))
        return cells

    titles = [t for region in REGIONS for t in (f"{_TITLES[region]}, n", *(f"{share} %" for share in MARGINS))]
    table = _table(titles, kept, line)
    margins = " and ".join(f"{margin:g}" for margin in MARGINS.values())
    return f"{table}\nWithin {margins} points are {inside} of {total}.\n" if total else ""


def _table(
    titles: Sequence[str], pairs: Pairs, line: Callable[[tuple[str, str], Mapping[str, Statistic]], list[str]]
) -> str:
    head = f"| from | to | {' | '.join(titles)} |\n{'|---' * (len(titles) + 2)}|\n"
    return head + "".join(f"| {key[0]} | {key[1]} | {' | '.join(line(key, of))} |\n" for key, of in pairs.items())


def _size(one: Statistic | None) -> str:
    return "0" if one is None else str(one.num_patients)


def _cell(one: Statistic | None, digits: int, *, times: float = 1) -> str:
    if one is None:
        return ""
    value, low, high = (f"{times * v:.{digits}f}" for v in (one.interval.value, one.interval.low, one.interval.high))
    return f"{value} (too few)" if one.num_patients < FEWEST_PATIENTS else f"{value} [{low}, {high}]"
