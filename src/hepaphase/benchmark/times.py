"""Time as input: simulated patients asked at many times, curve by curve, against the noise-free truth."""

import csv
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path, write_text
from ..base.errors import ConfigError
from ..base.log import track
from ..evaluation.bootstrap import Bootstrap, interval
from ..evaluation.patient import Statistic
from ..evaluation.physics.exam import organs_of_labels
from ..evaluation.table import markdown
from ..phantom.cohort import write_prepared
from ..phantom.grids import Grid
from ..phantom.population import REFERRAL, Population
from ..phantom.simulate import Drawn, draw, render
from ..study.phase import TYPICAL_TIME_S, Phase
from ..study.study import AlignedStudy, HuArray
from ..synthesis.protocol import Generator
from ..training.cohort import PreparedCase, read_prepared
from .synthesis import given

TIMES_S = (15.0, 20.0, 25.0, 30.0, 37.0, 45.0, 55.0, 70.0, 100.0, 150.0, 220.0, 300.0)
"""Twelve times from first arrival to late: dense where curves are steep."""
CURVES = ("liver", "lesion", "aorta", "portal_vein", "spleen")
"""Regions whose mean is a curve."""
_ENHANCED = (Phase.AP, Phase.PVP, Phase.DP)


@dataclass(frozen=True, slots=True)
class TimeRow:
    """One patient, asked at one time."""

    case: str
    generator: str
    time_s: float
    figures: Mapping[str, float]
    """``REGION_mae`` per voxel, ``REGION_made`` and ``REGION_truth``, the means that make the curves."""


def run(
    seeds: Sequence[int],
    generators: Mapping[str, Generator],
    *,
    inputs: tuple[Phase, ...] = (Phase.NC,),
    population: Population = REFERRAL,
    grid: str | Grid = "liver",
    quiet: bool = False,
) -> list[TimeRow]:
    """Simulate each seed, show each generator ``inputs``, and ask it at ``TIMES_S``."""
    rows = []
    for seed in track(seeds, title="Asking", total=len(seeds), quiet=quiet):
        drawn = draw(seed, population)
        case, study = _shown(drawn, grid, inputs)
        truths = truth_at(drawn, TIMES_S, grid=grid)
        regions = _regions(case)
        for name, generator in generators.items():
            for time_s, truth in zip(TIMES_S, truths, strict=True):
                made = generator.generate(study, phase_at(time_s), time_s=time_s).hu
                rows.append(TimeRow(case.case, name, time_s, _figures(made, truth, regions)))
    return rows


def truth_at(drawn: Drawn, times_s: Sequence[float], *, grid: str | Grid = "liver") -> list[HuArray]:
    """The patient without noise at any times after injection, in the breathing state of the reference, (z, y, x) each.

    The scanner's calibration is that of the portal venous phase throughout.

    Raises:
        ConfigError: for a number of times that is no multiple of three, as many as one rendering shows.
    """
    if len(times_s) % 3:
        raise ConfigError(f"Times are rendered three at once; {len(times_s)} were asked.")
    alone = replace(drawn.population, phases=(Phase.PVP,))  # only the state at rest is painted
    found = []
    for first in range(0, len(times_s), 3):
        three = dict(zip(_ENHANCED, times_s[first : first + 3], strict=True))
        exam = replace(drawn.exam, times_s={Phase.NC: 0.0, **three})
        truth = render(replace(drawn, population=alone, exam=exam), grid).truth
        offset = drawn.exam.offset_hu
        found += [np.asarray(truth.reference_hu[p] - offset[p] + offset[Phase.PVP], np.float32) for p in _ENHANCED]
    return found


def phase_at(time_s: float) -> Phase:
    """The phase with contrast agent whose typical time is nearest."""
    return min(_ENHANCED, key=lambda p: abs(TYPICAL_TIME_S[p] - time_s))


def write(rows: Sequence[TimeRow], out: Path, facts: Mapping[str, str], config: Bootstrap | None = None) -> str:
    """Write ``rows.csv`` and ``table.md`` below ``out``; return the table: errors by time, a column per generator."""
    names = sorted({name for row in rows for name in row.figures})
    with atomic_path(out / "rows.csv") as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["case", "generator", "time_s", *names, *facts])
        for row in rows:
            values = [f"{row.figures[name]:.3f}" if name in row.figures else "" for name in names]
            writer.writerow([row.case, row.generator, f"{row.time_s:g}", *values, *facts.values()])
    titles = list(dict.fromkeys(row.generator for row in rows))
    table = markdown({t: statistics([r for r in rows if r.generator == t], config) for t in titles})
    write_text(out / "table.md", table)
    return table


def statistics(rows: Sequence[TimeRow], config: Bootstrap | None = None) -> list[Statistic]:
    """Errors by region and time, and of whole curves: root mean square over the times, mean over patients."""
    found = []
    for region in CURVES:
        for time_s in sorted({row.time_s for row in rows}):
            key = f"{region}_mae"
            values = [r.figures[key] for r in rows if r.time_s == time_s and key in r.figures]
            found += _mean(f"{region} at {time_s:g} s: MAE", values, config)
        found += _mean(f"{region} curve: RMS", _curve_errors(rows, region), config)
    return found


def _curve_errors(rows: Sequence[TimeRow], region: str) -> list[float]:
    """Root mean square over times of the error of the region's mean, one per patient."""
    by_case: dict[str, list[float]] = {}
    for row in rows:
        if f"{region}_made" in row.figures:
            by_case.setdefault(row.case, []).append(row.figures[f"{region}_made"] - row.figures[f"{region}_truth"])
    return [float(np.sqrt(np.mean(np.square(errors)))) for errors in by_case.values()]


def _mean(name: str, values: Sequence[float], config: Bootstrap | None) -> list[Statistic]:
    if not values:
        return []
    array = np.asarray(values)
    return [Statistic(name, interval(lambda i: float(array[i].mean()), np.zeros(len(array)), config), len(array))]


def _shown(drawn: Drawn, grid: str | Grid, inputs: tuple[Phase, ...]) -> tuple[PreparedCase, AlignedStudy]:
    """The prepared case of a patient, and what of it is shown."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.npz"
        write_prepared(path, render(drawn, grid))
        case = read_prepared(path)
    return case, given(case, inputs)


def _regions(case: PreparedCase) -> dict[str, npt.NDArray[np.bool_]]:
    organs = organs_of_labels(case.masks["organs"])
    lesions, liver = case.masks["lesions"] > 0, case.masks["liver"] > 0
    regions = {name: organs[name] > 0 for name in ("aorta", "portal_vein", "spleen")}
    return {"liver": liver & ~lesions, "lesion": lesions, **regions}


def _figures(made: HuArray, truth: HuArray, regions: Mapping[str, npt.NDArray[np.bool_]]) -> dict[str, float]:
    found = {}
    for name, inside in regions.items():
        if inside.any():
            found[f"{name}_mae"] = float(np.abs(made - truth)[inside].mean())
            found[f"{name}_made"], found[f"{name}_truth"] = float(made[inside].mean()), float(truth[inside].mean())
    return found
