"""What each fact known of a patient adds to what the images say: one pass of the network, facts weighed after it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..base.log import track
from ..bundle.bundle import Bundle
from ..diagnosis.clinical import FACTS, known_facts, likelihoods, weigh, weigh_map
from ..diagnosis.diagnose import Reader, liver_of
from ..diagnosis.liver_max import patient_scores
from ..evaluation.bootstrap import Bootstrap, interval
from ..evaluation.lesions import match_lesions
from ..evaluation.patient import Statistic, measures, truth_matrix
from ..evaluation.reading import Answer, compare
from ..evaluation.rows import PatientRow
from ..evaluation.table import cell
from ..study.lesions import LESION_CLASSES, MALIGNANT
from ..study.phase import Phase
from ..training.cohort import open_cohort, read_prepared
from ..training.scans import require_unseen
from .cases import BenchmarkCase, load_case
from .diagnosis import stored as stored_results
from .inputs import Inputs, only

NONE, ALL = "no fact", "all"
GIVEN: Mapping[str, tuple[str, ...]] = {
    NONE: (),
    **{name: (name,) for name in ("sex", *FACTS)},
    ALL: ("sex", *FACTS),
}
"""Lines of the table: which facts are told."""
SETTINGS = (Inputs("nc", (Phase.NC,)), Inputs("all", tuple(Phase)))
_LEAST = 1e-5
"""Scores are kept this far from 0 and 1; rows hold five digits."""
NAMES = ("AUC-8", "AUC-2", "malignant AUC", "lesion class accuracy")


@dataclass(frozen=True, slots=True)
class FactRows:
    """Rows of all patients for one setting, and what is known of them."""

    inputs: Inputs
    rows: Mapping[str, tuple[PatientRow, ...]]
    """Line of the table to rows, the same patients in each."""
    clinical: tuple[Mapping[str, Any], ...]
    names: tuple[str, ...] = NAMES
    """Figures that facts can change."""


def run(
    prepared: Path, diagnosis: Bundle, *, at_most: int = 0, device: str = "cpu", quiet: bool = False
) -> list[FactRows]:
    """Read every prepared case from NC alone and from all phases, and weigh its facts in each way.

    Raises:
        InputError: when nothing is known of any patient, or one trained the model.
    """
    files = open_cohort(prepared).files
    files = files[:at_most] if at_most else files
    require_unseen(files, {"diagnosis": diagnosis.card})
    reader = Reader.from_bundle(diagnosis, device=device)
    rows: dict[str, dict[str, list[PatientRow]]] = {s.name: {name: [] for name in GIVEN} for s in SETTINGS}
    clinical: dict[str, list[Mapping[str, Any]]] = {s.name: [] for s in SETTINGS}
    for path in track(files, title="Reading", total=len(files), quiet=quiet):
        known, case = dict(read_prepared(path).clinical), load_case(path)
        for setting in SETTINGS:
            if all(p in case.study.hu for p in setting.scanned):
                clinical[setting.name].append(known_facts(known))
                for name, row in weighed_rows(case, setting, known, reader).items():
                    rows[setting.name][name].append(row)
    if not any(facts for own in clinical.values() for facts in own):
        raise InputError(
            f"Nothing is known of the patients in '{prepared}' that could be weighed ({', '.join(FACTS)})."
        )
    return [
        FactRows(s, {name: tuple(own) for name, own in rows[s.name].items()}, tuple(clinical[s.name])) for s in SETTINGS
    ]


def weighed_rows(
    case: BenchmarkCase, setting: Inputs, clinical: Mapping[str, Any], reader: Reader
) -> dict[str, PatientRow]:
    """A row for each line of the table, from one pass of the network.

    Classes of lesions are weighed as ``read`` does. For the patient's scores, which ``read`` leaves alone, the classes
    of every voxel are weighed in the same way before their maximum over the liver is taken.
    """
    study = only(case.study, setting.scanned)
    said, liver = reader.diagnose(study), liver_of(study)
    match = match_lesions(said.lesions, case.truth.lesions, voxel_mm3=case.truth.voxel_mm3)
    rows: dict[str, PatientRow] = {}
    for name, told in GIVEN.items():
        facts = {key: clinical[key] for key in told if key in clinical}
        each = [weigh(shares, facts) for shares in said.lesion_probabilities]
        best = {k + 1: max(p, key=lambda key: p[key]) for k, p in enumerate(each)}
        scores = patient_scores(weigh_map(said.semantic, facts), liver, tuple(LESION_CLASSES))
        if not rows:
            answer = Answer(lesions=said.lesions, lesion_classes=best, scores=scores.probabilities,
                            malignant=scores.malignant)  # fmt: skip
            rows[name] = compare(case.truth, answer)
            continue
        right = match.num_named_right(best, case.truth.lesion_classes)
        rows[name] = replace(rows[NONE], score=scores.probabilities, malignant_score=scores.malignant,
                             num_named_right=right)  # fmt: skip
    return rows


def stored(prepared: Path, folder: Path) -> list[FactRows]:
    """The patients' scores that ``benchmark diagnosis`` wrote to ``folder``, weighed; no network is asked.

    Lesions are not weighed, since rows do not hold their probabilities: class accuracy is left as it was.

    Raises:
        InputError: when a patient of the rows is not in ``prepared``.
    """
    known = {path.stem: known_facts(_clinical(path)) for path in open_cohort(prepared).files}
    results = []
    for result in stored_results(folder, SETTINGS):
        if missing := [r.case for r in result.rows if r.case not in known]:
            raise InputError(f"'{prepared}' has no case '{missing[0]}', which '{folder}' has a row of.")
        own = {name: tuple(_told_row(r, known[r.case], told) for r in result.rows) for name, told in GIVEN.items()}
        results.append(FactRows(result.inputs, own, tuple(known[r.case] for r in result.rows), NAMES[:-1]))
    return results


def _clinical(path: Path) -> dict[str, Any]:
    """What is known of a patient; no voxel is read."""
    with np.load(path, allow_pickle=False) as file:
        return dict(json.loads(str(file["clinical"]))) if "clinical" in file.files else {}


def _told_row(row: PatientRow, known: Mapping[str, Any], told: Sequence[str]) -> PatientRow:
    facts = {key: known[key] for key in told if key in known}
    if not facts:
        return row
    score, malignant = weigh_scores(row.score, row.malignant_score, facts)
    return replace(row, score=score, malignant_score=malignant)


def weigh_scores(
    score: Mapping[str, float], malignant: float, facts: Mapping[str, Any]
) -> tuple[dict[str, float], float]:
    """Scores of a patient by Bayes' rule in odds: times how common the facts are with the class, over with anybody.

    Anybody is the patient with the class table's shares; malignant takes its classes by their scores (our choice).
    """
    likely = likelihoods(facts)
    shares = {key: row.prevalence for key, row in LESION_CLASSES.items()}
    anybody = sum(likely[key] * share for key, share in shares.items()) / sum(shares.values())
    weights = {key: max(score[key], _LEAST) for key in MALIGNANT}
    of_malignant = sum(likely[key] * w for key, w in weights.items()) / sum(weights.values())
    weighed = {key: _in_odds(value, likely[key] / anybody) for key, value in score.items()}
    return weighed, _in_odds(malignant, of_malignant / anybody)


def _in_odds(probability: float, ratio: float) -> float:
    kept = min(max(probability, _LEAST), 1 - _LEAST)
    return kept * ratio / (kept * ratio + 1 - kept)


def statistics(result: FactRows, config: Bootstrap | None = None) -> dict[str, dict[str, tuple[Statistic, Statistic]]]:
    """Line of the table to name of a figure to the figure and its difference from no fact, paired by patient."""
    base = measures(result.rows[NONE])
    found: dict[str, dict[str, tuple[Statistic, Statistic]]] = {}
    for line, rows in result.rows.items():
        truth, own = truth_matrix(rows), measures(rows)
        found[line] = {}
        for name in (n for n in result.names if n in own):
            ours, theirs = own[name], base[name]
            value = interval(ours.compute, truth, config)
            gain = interval(lambda index, a=ours, b=theirs: a.compute(index) - b.compute(index), truth, config)  # type: ignore[misc]
            found[line][name] = (Statistic(name, value, len(rows)), Statistic(name, gain, len(rows)))
    return found


def table(results: Sequence[FactRows], config: Bootstrap | None = None) -> str:
    """All figures in Markdown, a table per setting, differences from no fact below each."""
    parts = []
    for result in (r for r in results if r.rows[NONE]):
        figures = statistics(result, config)
        lines = [f"Given {result.inputs.label}, {len(result.rows[NONE])} patients:", ""]
        names = " | ".join(result.names)
        lines += [f"| told | patients of whom it is so | {names} |", "|---" * (len(result.names) + 2) + "|"]
        lines += [f"| {line} | {_told(line, result)} | {_cells(own, 0)} |" for line, own in figures.items()]
        lines += ["", "Difference from no fact, paired by patient:", ""]
        lines += [f"| told | {names} |", "|---" * (len(result.names) + 1) + "|"]
        lines += [f"| {line} | {_cells(own, 1)} |" for line, own in figures.items() if line != NONE]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _cells(own: Mapping[str, tuple[Statistic, Statistic]], column: int) -> str:
    return " | ".join(cell(pair[column]) for pair in own.values())


def _told(line: str, result: FactRows) -> str:
    """How many patients have the fact, of those of whom it is known."""
    if len(GIVEN[line]) != 1:
        return ""
    known = [facts[line] for facts in result.clinical if line in facts]
    if line == "sex":
        return f"{sum(v == 'M' for v in known)} men of {len(known)}"
    return f"{sum(map(bool, known))} of {len(known)}"
