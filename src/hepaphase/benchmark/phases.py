"""Phases recognized from measured HU, on simulated patients whose phases and times are known."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from ..base.atomic import atomic_path
from ..base.log import track
from ..bundle.bundle import Bundle
from ..evaluation.bootstrap import Bootstrap, Indices, Interval, interval
from ..evaluation.patient import Statistic
from ..evaluation.table import markdown
from ..organs.segment import coarse_organs
from ..phantom.population import REFERRAL, Population
from ..phantom.simulate import Truth, filed_as, simulate
from ..prepare.recognize import Recognized, recognize
from ..prepare.regions import measure
from ..study.phase import Phase

Values = npt.NDArray[np.float64]

TOGETHER, ALONE = "together", "alone"
NUM_BINS = 5


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One volume of one patient."""

    case: str
    given: str
    """``together`` with the patient's other phases, without their order, or ``alone``."""
    phase: Phase
    """What was scanned, whatever the file is called."""
    time_s: float
    """When it was scanned."""
    found: Recognized
    filed: Phase
    """What the file is called: another phase after the drawn failure ``wrong_label``."""


def run(
    seeds: Sequence[int], organs: Bundle, *, population: Population = REFERRAL, device: str = "cpu", quiet: bool = False
) -> list[PhaseRow]:
    """Simulate each seed, find the organs, and recognize its phases together and one by one."""
    rows = []
    for seed in track(seeds, title="Recognizing", total=len(seeds), quiet=quiet):
        simulated = simulate(seed, population=population)
        study = simulated.study
        measured = {p: measure(v, coarse_organs(v, organs, device=device)).hu for p, v in study.phases.items()}
        usable = {p: hu for p, hu in measured.items() if hu}
        answers = recognize(list(usable.values()))
        for (name, hu), answer in zip(usable.items(), answers, strict=True):
            phase, time_s = scanned(name, simulated.truth)
            rows.append(PhaseRow(study.case, TOGETHER, phase, time_s, answer, name))
            rows.append(PhaseRow(study.case, ALONE, phase, time_s, recognize([hu])[0], name))
    return rows


def scanned(name: Phase, truth: Truth) -> tuple[Phase, float]:
    """What the file called ``name`` really shows, and when it was scanned in seconds after injection."""
    phase = filed_as(name, truth.patient.phases, truth.patient.events)
    return phase, truth.patient.exam.times_s[phase]


def write(rows: Sequence[PhaseRow], out: Path, facts: Mapping[str, str], config: Bootstrap | None = None) -> str:
    """Write ``rows.csv`` below ``out`` and return the tables in Markdown."""
    with atomic_path(out / "rows.csv") as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = ["case", "given", "filed", "phase", "time_s", "found", *(f"p_{p}" for p in Phase)]
        writer.writerow([*names, "found_s", "low_s", "high_s", "misfit", "sure", *facts])
        for r in rows:
            shares = [f"{r.found.probabilities[p]:.4f}" for p in Phase]
            times = [f"{v:.1f}" for v in (r.found.time_s, *r.found.interval_s)]
            start = [r.case, r.given, r.filed, r.phase, f"{r.time_s:.1f}", r.found.phase, *shares, *times]
            writer.writerow([*start, f"{r.found.misfit:.2f}", int(r.found.sure), *facts.values()])
    kinds = list(dict.fromkeys(row.given for row in rows))
    chosen = {kind: [r for r in rows if r.given == kind] for kind in kinds}
    parts = [markdown({kind: statistics(some, config) for kind, some in chosen.items()})]
    parts += [f"\nFound, {kind}:\n\n{confusion(some)}" for kind, some in chosen.items()]
    return "".join(parts)


def statistics(rows: Sequence[PhaseRow], config: Bootstrap | None = None) -> list[Statistic]:
    """Accuracy, what is asked, calibration and errors in seconds; patients are resampled."""
    right = np.array([r.found.phase is r.phase for r in rows], float)
    sure = np.array([r.found.sure for r in rows], float)
    confidence = np.array([r.found.probabilities[r.found.phase] for r in rows])
    timed = np.array([r.phase is not Phase.NC and r.found.phase is r.phase for r in rows])
    error = np.array([abs(r.found.time_s - r.time_s) for r in rows])
    inside = np.array([r.found.interval_s[0] <= r.time_s <= r.found.interval_s[1] for r in rows], float)
    everyone = np.ones(len(rows), bool)
    told = sure > 0
    found = [
        *_mean("right", right, everyone, rows, config),
        *_mean("answered without asking", sure, everyone, rows, config),
        *_mean("right where answered", right, told, rows, config),
        *_mean("stated confidence", confidence, everyone, rows, config),
        *_mean("time error, s", error, timed, rows, config),
        *_mean("time within the 95 % interval", inside, timed, rows, config),
    ]
    for phase in Phase:
        here = np.array([r.phase is phase for r in rows])
        found += _mean(f"{phase} right", right, here, rows, config)
        found += _mean(f"{phase} time error, s", error, here & timed, rows, config)
    found.append(Statistic("calibration error (5 bins)", _calibration(right, confidence, rows, config), len(rows)))
    return found


def confusion(rows: Sequence[PhaseRow]) -> str:
    """A line per phase scanned, a column per phase found, and how many were asked: counts, shares with 95 % intervals.

    Intervals are Wilson's, one volume of this phase per patient.
    """
    lines = ["| scanned | " + " | ".join(Phase) + " | asked |", "|---" * (len(Phase) + 2) + "|"]
    for phase in Phase:
        here = [r for r in rows if r.phase is phase]
        counts = [sum(r.found.phase is other for r in here) for other in Phase]
        cells = [_share(count, len(here)) for count in [*counts, sum(not r.found.sure for r in here)]]
        lines.append(f"| {phase} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _share(count: int, total: int) -> str:
    if not total:
        return "0"
    found = binomtest(count, total).proportion_ci(method="wilson")
    return f"{count} ({count / total:.2f} [{found.low:.2f}, {found.high:.2f}])"


def _patients(rows: Sequence[PhaseRow]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(row.case, []).append(index)
    return list(groups.values())


def _mean(
    name: str, values: Values, keep: npt.NDArray[np.bool_], rows: Sequence[PhaseRow], config: Bootstrap | None
) -> list[Statistic]:
    """A mean over volumes, patients resampled whole."""
    groups = [[i for i in group if keep[i]] for group in _patients(rows)]
    groups = [group for group in groups if group]
    if not groups:
        return []

    def mean(picked: Indices) -> float:
        return float(np.mean(np.concatenate([values[groups[k]] for k in picked])))

    return [Statistic(name, interval(mean, np.zeros(len(groups)), config), int(keep.sum()))]


def _calibration(right: Values, confidence: Values, rows: Sequence[PhaseRow], config: Bootstrap | None) -> Interval:
    """Expected calibration error of the phase found."""
    groups = _patients(rows)
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)

    def error(picked: Indices) -> float:
        index = np.concatenate([groups[k] for k in picked])
        gaps = [
            abs(right[at].mean() - confidence[at].mean()) * len(at) / len(index)
            for b in range(NUM_BINS)
            if len(at := index[bins[index] == b])
        ]
        return float(sum(gaps))

    return interval(error, np.zeros(len(groups)), config)
