"""The lesion-level table of the physics notes (E), drawn again with our own kinetics and class table."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...base.atomic import atomic_path, write_text
from ...base.errors import ConfigError
from ...base.seeds import stream
from ...evaluation.bootstrap import Bootstrap, Interval, interval
from ...evaluation.metrics.auc import auc
from ...study.lesions import MALIGNANT
from ...study.phase import Phase
from .describe import VALUES, Floats
from .draws import Draws
from .measure import CLASSES, CLINICAL
from .observe import Posterior, between_phases

FIGURES = ("accuracy", "macro AUC", "malignant AUC", "hcc", "icc", "metastasis", "hemangioma", "fnh", "other")
TOLERANCE = 0.03
NOISE_HU = (2.5, 8.0)
"""Standard deviation of a region's mean, evenly between examinations, as in the notes."""
_MEANS = [VALUES.index(name) for name in ("mean", "core", "rim")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """One row of the notes' table: what the observer is given and what the notes say it reaches."""

    phases: tuple[Phase, ...]
    clinical: bool
    expected: tuple[float, ...]


TABLE = {
    "NC": Inputs(phases=(Phase.NC,), clinical=False, expected=(0.58, 0.890, 0.816, 0.89, 0.90, 0.80, 0.81, 0.86, 0.87)),
    "clinical": Inputs(phases=(), clinical=True, expected=(0.58, 0.853, 0.920, 0.95, 0.86, 0.96, 0.80, 0.92, 0.75)),
    "NC + clinical": Inputs(
        phases=(Phase.NC,), clinical=True, expected=(0.81, 0.969, 0.972, 0.98, 0.96, 0.98, 0.94, 0.97, 0.92)
    ),
    "NC, PVP": Inputs(
        phases=(Phase.NC, Phase.PVP), clinical=False, expected=(0.80, 0.969, 0.959, 0.97, 0.96, 0.95, 0.99, 0.94, 0.95)
    ),
    "all": Inputs(
        phases=tuple(Phase), clinical=False, expected=(0.88, 0.986, 0.980, 0.98, 0.99, 0.98, 1.00, 0.96, 0.98)
    ),
    "all + clinical": Inputs(
        phases=tuple(Phase), clinical=True, expected=(0.95, 0.997, 0.996, 1.00, 1.00, 1.00, 1.00, 0.99, 0.99)
    ),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """One figure of one row."""

    inputs: str
    figure: str
    expected: float
    found: Interval
    num_lesions: int

    @property
    def agrees(self) -> bool | None:
        """Whether an AUC lies within 0.03 of the notes; None for the accuracy, which nobody asked to agree."""
        return None if self.figure == "accuracy" else abs(self.found.value - self.expected) <= TOLERANCE


def check(draws: Draws, *, seed: int = 0, config: Bootstrap | None = None) -> list[Checked]:
    """Every figure of the table; the first half of the patients trains, the second is measured.

    As the notes have it, the observer knows mean, core and rim of the lesion, liver, aorta and portal vein, each with
    the noise of a region, the lesion's size, and whether the liver is cirrhotic. Every patient gives the first lesion
    of what they came with: lesions found beside it would not go with the clinical data, which the notes draw by lesion.
    Intervals resample patients.

    Raises:
        ConfigError: when the second half lacks a class.
    """
    num = len(draws.context)
    rng = stream(seed, "level-one")
    sd_hu = rng.uniform(*NOISE_HU, num)[:, None, None]
    lesion = draws.pure[:, :, _MEANS]
    lesion = lesion + sd_hu[draws.owner] * rng.standard_normal(lesion.shape)
    context = (draws.context + sd_hu * rng.standard_normal(draws.context.shape))[draws.owner]
    chosen = _first_of_main(draws)
    training = chosen & (draws.owner < num // 2)
    measured = chosen & (draws.owner >= num // 2)
    halves = [len(np.unique(draws.lesion_class[half])) for half in (training, measured)]
    if min(halves) < len(CLASSES):
        raise ConfigError(f"{num} patients do not hold every class twice. Draw more.")
    rows = []
    for name, inputs in TABLE.items():
        given = _features(draws, lesion, context, inputs)
        observer = Posterior.fit(given[training], draws.lesion_class[training])
        rows += _rows(name, inputs, observer.of(given[measured]), draws.lesion_class[measured], config)
    return rows


def _first_of_main(draws: Draws) -> npt.NDArray[np.bool_]:
    """(L,) one lesion of each patient who has one of the class they came with."""
    found = np.zeros(len(draws.owner), bool)
    main = np.flatnonzero(draws.lesion_class == draws.main_class[draws.owner])
    _, first = np.unique(draws.owner[main], return_index=True)
    found[main[first]] = True
    return found


def _features(draws: Draws, lesion: Floats, context: Floats, inputs: Inputs) -> Floats:
    index = [list(Phase).index(p) for p in inputs.phases]
    columns = []
    if index:
        seen, organs = lesion[:, index], context[:, index]
        columns = [seen, seen - organs[:, :, :1], seen[:, :, 1] - seen[:, :, 2], organs, draws.shape[:, 1:2]]
        columns.append(draws.clinical[draws.owner, CLINICAL.index("cirrhosis")])
        columns += between_phases(np.concatenate([seen, organs], axis=2))
    if inputs.clinical:
        columns.append(draws.clinical[draws.owner])
    return np.concatenate([np.reshape(c, (len(lesion), -1)) for c in columns], axis=1)


def _rows(
    name: str,
    inputs: Inputs,
    posterior: Floats,
    truth: npt.NDArray[np.int64],
    config: Bootstrap | None,
) -> list[Checked]:
    malignant = [CLASSES.index(key) for key in MALIGNANT]

    def one_auc(k: int, at: npt.NDArray[np.int64]) -> float:
        return auc(posterior[at, k], truth[at] == k)

    compute: dict[str, Callable[[npt.NDArray[np.int64]], float]] = {
        "accuracy": lambda at: float((posterior[at].argmax(axis=1) == truth[at]).mean()),
        "macro AUC": lambda at: float(np.mean([one_auc(k, at) for k in range(len(CLASSES))])),
        "malignant AUC": lambda at: auc(posterior[at][:, malignant].sum(axis=1), np.isin(truth[at], malignant)),
        **{key: partial(one_auc, k) for k, key in enumerate(CLASSES)},
    }
    found = []
    for figure, expected in zip(FIGURES, inputs.expected, strict=True):

        def value(picked: npt.NDArray[np.int64], figure: str = figure) -> float:
            return compute[figure](picked)

        spread = interval(value, truth, config)
        found.append(Checked(name, figure, expected, spread, len(truth)))
    return found


def table(rows: Sequence[Checked]) -> str:
    """Markdown: a line per input, ``found (expected)`` in each cell, bold where they differ by more than 0.03."""
    lines = ["| given | " + " | ".join(FIGURES) + " |", "|---" * (len(FIGURES) + 1) + "|"]
    by_input: dict[str, dict[str, Checked]] = {}
    for row in rows:
        by_input.setdefault(row.inputs, {})[row.figure] = row
    for name, figures in by_input.items():
        lines.append(f"| {name} | " + " | ".join(_cell(figures[f]) for f in FIGURES) + " |")
    judged = [row for row in rows if row.agrees is not None]
    agree = sum(bool(row.agrees) for row in judged)
    lines += ["", f"AUC within {TOLERANCE} of the notes: {agree} of {len(judged)}; {rows[0].num_lesions} lesions."]
    return "\n".join(lines) + "\n"


def _cell(row: Checked) -> str:
    text = f"{row.found.value:.3f} ({row.expected:.3g})"
    return f"**{text}**" if row.agrees is False else text


def write(rows: Sequence[Checked], out: Path) -> str:
    """``level_one.csv`` and ``table.md`` in ``out``; returns the table."""
    names = ("inputs", "figure", "expected", "found", "low", "high", "agrees", "num_lesions")
    with atomic_path(out / "level_one.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for r in rows:
            numbers = [f"{v:.4f}" for v in (r.found.value, r.found.low, r.found.high)]
            agrees = "" if r.agrees is None else int(r.agrees)
            writer.writerow([r.inputs, r.figure, r.expected, *numbers, agrees, r.num_lesions])
    text = table(rows)
    write_text(out / "table.md", text)
    return text
