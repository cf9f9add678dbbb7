"""Generators on prepared exams with known truth: every subset of phases to every missing phase."""

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path
from ..base.errors import InputError
from ..base.log import track
from ..evaluation.bootstrap import Bootstrap, interval
from ..evaluation.patient import Statistic
from ..evaluation.table import markdown
from ..study.phase import REFERENCE_ORDER, Phase
from ..study.study import AlignedStudy
from ..synthesis.protocol import Generated, Generator
from ..training.cohort import PreparedCase, open_cohort, read_prepared
from .cases import aligned

SUBSETS = tuple(subset for size in range(1, 4) for subset in combinations(Phase, size))
"""Every set of phases that lacks at least one."""
SMALLEST_LESION_MM3 = 113.0
"""As in the benchmark of reading (product.md): a sphere of 3 mm radius."""


@dataclass(frozen=True, slots=True)
class SynthesisRow:
    """One generated phase of one exam, against the noise-free truth in the breathing state of the input's reference."""

    case: str
    generator: str
    inputs: str
    target: Phase
    figures: Mapping[str, float]
    """``liver_mae``, ``lesion_mae`` (HU per voxel), ``lesion_mean_mae`` (HU of lesion means), ``liver_mean_error``, and
    ``liver_within_1sd`` .. ``lesion_within_2sd`` (shares of voxels); lesion figures only where there is one."""
    seconds: float


def run(
    prepared: Path,
    generators: Mapping[str, Generator],
    *,
    subsets: Sequence[tuple[Phase, ...]] = SUBSETS,
    at_most: int = 0,
    quiet: bool = False,
) -> list[SynthesisRow]:
    """Complete every prepared exam (the first ``at_most``; 0 for all) from every subset that it has.

    Raises:
        InputError: when ``prepared`` holds no case, or a case without noise-free truth and masks.
    """
    files = open_cohort(prepared).files[: at_most or None]
    rows = []
    for path in track(files, title="Completing", total=len(files), quiet=quiet):
        case = read_prepared(path)
        if not case.reference_hu or not {"liver", "lesions"} <= case.masks.keys():
            raise InputError(f"{path.name} lacks masks or noise-free phases; the benchmark needs a simulated cohort.")
        for subset in subsets:
            if all(p in case.hu for p in subset):
                rows += _rows(case, subset, generators)
    return rows


def write(rows: Sequence[SynthesisRow], out: Path, facts: Mapping[str, str], config: Bootstrap | None = None) -> str:
    """Write ``rows.csv`` below ``out`` and return the table in Markdown: a column per generator."""
    names = sorted({name for row in rows for name in row.figures})
    with atomic_path(out / "rows.csv") as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["case", "generator", "inputs", "target", *names, "seconds", *facts])
        for row in rows:
            values = [f"{row.figures[name]:.4f}" if name in row.figures else "" for name in names]
            writer.writerow(
                [row.case, row.generator, row.inputs, row.target, *values, f"{row.seconds:.3f}", *facts.values()]
            )
    titles = list(dict.fromkeys(row.generator for row in rows))
    return markdown({title: statistics([r for r in rows if r.generator == title], config) for title in titles})


def statistics(rows: Sequence[SynthesisRow], config: Bootstrap | None = None) -> list[Statistic]:
    """Means over exams with intervals, by inputs and target; an exam without lesions counts only for its liver."""
    found = []
    for inputs, target in dict.fromkeys((row.inputs, row.target) for row in rows):
        chosen = [row.figures for row in rows if (row.inputs, row.target) == (inputs, target)]
        for name in ("liver_mae", "lesion_mae", "lesion_mean_mae", "liver_within_1sd", "lesion_within_1sd"):
            values = np.array([figures[name] for figures in chosen if name in figures])
            if len(values):
                spread = interval(_mean_of(values), np.zeros(len(values)), config)
                found.append(Statistic(f"{inputs} to {target}: {name}", spread, len(values)))
    return found


def _mean_of(values: npt.NDArray[np.float64]) -> Callable[[npt.NDArray[np.int64]], float]:
    return lambda picked: float(values[picked].mean())


def _rows(case: PreparedCase, subset: tuple[Phase, ...], generators: Mapping[str, Generator]) -> list[SynthesisRow]:
    study = given(case, subset)
    rows = []
    for name, generator in generators.items():
        for target in (p for p in case.reference_hu if p not in subset):
            started = time.perf_counter()
            made = generator.generate(study, target, time_s=0.0 if target is Phase.NC else case.times_s.get(target))
            seconds = time.perf_counter() - started
            rows.append(SynthesisRow(case.case, name, ", ".join(subset), target, _figures(case, target, made), seconds))
    return rows


def given(case: PreparedCase, subset: tuple[Phase, ...]) -> AlignedStudy:
    """The exam with only ``subset``, the reference among it moved to the state in which the truth is known."""
    study = aligned(case)
    reference = next(p for p in REFERENCE_ORDER if p in subset)
    hu = {p: study.hu[p] for p in subset}
    if reference in case.clean_hu:
        still = case.hu[reference] - case.clean_hu[reference] + case.reference_hu[reference]
        hu[reference] = still.astype(np.float32)
    return replace(
        study,
        reference=reference,
        hu=hu,
        provenance={p: study.provenance[p] for p in subset},
        time_s={p: study.time_s[p] for p in subset},
        transforms={p: study.transforms[p] for p in subset},
    )


def _figures(case: PreparedCase, target: Phase, made: Generated) -> dict[str, float]:
    error = made.hu - case.reference_hu[target]
    labels = case.masks["lesions"]
    regions = {"liver": (case.masks["liver"] > 0) & (labels == 0), "lesion": labels > 0}
    figures = {}
    for name, region in regions.items():
        if region.any():
            wrong = np.abs(error[region])
            figures[f"{name}_mae"] = float(wrong.mean())
            for times in (1, 2):
                figures[f"{name}_within_{times}sd"] = float((wrong <= times * made.sd_hu[region]).mean())
    figures["liver_mean_error"] = float(error[regions["liver"]].mean())
    voxel_mm3 = float(np.prod(case.geometry["spacing_xyz_mm"]))
    lesions = [labels == i for i in np.unique(labels[labels > 0])]
    means = [abs(float(error[one].mean())) for one in lesions if one.sum() * voxel_mm3 >= SMALLEST_LESION_MM3]
    return figures | ({"lesion_mean_mae": float(np.mean(means))} if means else {})
