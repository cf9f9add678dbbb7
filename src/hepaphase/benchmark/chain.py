"""The main job from the scanner's positions to findings, with our own masks, on simulated patients with known truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..base.errors import StudyError
from ..base.log import logger, track
from ..evaluation.bootstrap import Bootstrap
from ..evaluation.lesion_rows import LesionRow, compare_lesions, write_lesions
from ..evaluation.patient import summarize
from ..evaluation.reading import Answer, Truth, compare
from ..evaluation.rows import PatientRow, write_rows
from ..evaluation.table import markdown
from ..inference.models import Models
from ..inference.options import ReadOptions
from ..inference.pipeline import Reading, read
from ..phantom.population import REFERRAL, Population
from ..phantom.simulate import simulate
from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase
from ..study.study import Study
from .folders import truth_on
from .inputs import Inputs

SETTINGS = (Inputs("pvp", (Phase.PVP,)), Inputs("all", tuple(Phase)))
"""What most scans are, and what the reader is made for."""
_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Chain:
    """Rows of all patients for one setting."""

    inputs: Inputs
    rows: tuple[PatientRow, ...]
    lesions: tuple[LesionRow, ...]


def spread(seeds: Sequence[int], num: int) -> list[int]:
    """``num`` of the seeds, evenly spaced, so that no kind of patient that a cohort was topped up with is missed."""
    picked = np.linspace(0, len(seeds) - 1, min(num, len(seeds))).round().astype(int)
    return [seeds[i] for i in picked]


def run(
    seeds: Sequence[int],
    models: Models,
    *,
    population: Population = REFERRAL,
    settings: Sequence[Inputs] = SETTINGS,
    device: str = "cpu",
    quiet: bool = False,
) -> list[Chain]:
    """Simulate each patient as a scanner leaves it and read it as ``read`` does; images alone, nothing generated.

    No mask is given: liver and breathing are found by our own models. Where no liver is found nothing counts as found,
    and every score is zero.
    """
    found: dict[str, list[tuple[PatientRow, tuple[LesionRow, ...]]]] = {s.name: [] for s in settings}
    for seed in track(seeds, title="Reading", total=len(seeds), quiet=quiet):
        study = simulate(seed, population=population).study
        for setting in settings:
            found[setting.name].append(read_one(study, setting, models, device=device))
    return [
        Chain(s, tuple(row for row, _ in found[s.name]), tuple(one for _, many in found[s.name] for one in many))
        for s in settings
    ]


def read_one(
    study: Study, setting: Inputs, models: Models, *, device: str = "cpu"
) -> tuple[PatientRow, tuple[LesionRow, ...]]:
    """One patient by the phases of ``setting``, held against the truth on the grid of the reading's reference."""
    phases = {p: study.phases[p] for p in setting.scanned}
    shown = replace(study, phases=phases, masks={}, lesion_table=None, clinical={})
    options = ReadOptions(complete=(), weigh_clinical=False, device=device)
    grid = study.phases[shown.reference()].geometry
    truth = truth_on(study, grid)
    try:
        reading = read(shown, models, options)
    except StudyError as error:
        _log.warning("%s counts as read without a find: %s", study.case, error)
        answer, seconds = _nothing(truth), {}
    else:
        grid.require(reading.reference_grid, what=f"The reading of {study.case}")
        answer, seconds = _answer(reading), {"seconds": sum(step.seconds for step in reading.steps)}
    row = compare(truth, answer)
    return replace(row, values={**row.values, **seconds}), tuple(compare_lesions(truth, answer))


def _answer(reading: Reading) -> Answer:
    said = reading.findings
    return Answer(
        lesions=reading.on_reference_grid(reading.study.masks["lesions"], fill=0),
        lesion_classes={f.lesion_id: f.lesion_class for f in said.lesions},
        scores=said.patient.probabilities,
        malignant=said.patient.malignant,
        liver=reading.on_reference_grid(reading.study.masks["liver"], fill=0),
        lesion_scores={f.lesion_id: f.confidence for f in said.lesions if f.confidence is not None},
        lesion_probabilities={f.lesion_id: f.probabilities for f in said.lesions},
    )


def _nothing(truth: Truth) -> Answer:
    none = np.zeros_like(truth.lesions)
    return Answer(lesions=none, lesion_classes={}, scores=dict.fromkeys(LESION_CLASSES, 0.0), malignant=0.0, liver=none)


def write(chains: Sequence[Chain], out: Path, facts: Mapping[str, str], config: Bootstrap | None = None) -> str:
    """Write patients and lesions of each setting below ``out``; return the table in Markdown."""
    for chain in chains:
        told = {"inputs": chain.inputs.label, **facts}
        write_rows(out / f"{chain.inputs.name}.csv", chain.rows, told)
        write_lesions(out / "lesions" / f"{chain.inputs.name}.csv", chain.lesions, told)
    return markdown({chain.inputs.label: summarize(chain.rows, config) for chain in chains})
