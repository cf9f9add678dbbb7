"""GALS-CE's classifier on its own task: what it answers from NC alone, with generated phases, and from all."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path
from ..base.errors import InputError
from ..base.log import track
from ..diagnosis.diagnose import Reader
from ..diagnosis.galsce.classify import Classifier
from ..diagnosis.galsce.scheme import ORIGINS, UNKNOWN
from ..evaluation.bootstrap import Bootstrap, interval
from ..evaluation.calibrate import distribution_statistics
from ..evaluation.metrics.auc import auc
from ..evaluation.patient import Statistic
from ..evaluation.table import markdown
from ..study.study import AlignedStudy
from ..synthesis.protocol import Generator
from ..training.cohort import open_cohort, read_prepared
from ..training.liver_boxes import seen_lesions
from .cases import load_case
from .inputs import MAIN_JOB, Inputs, apply_inputs, only

Masks = Literal["true", "found"]
Values = npt.NDArray[np.float64]
_SHARE = "share_"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one patient."""

    case: str
    truth: int
    """Index among the outputs."""
    shares: Values
    """(K,), summing to one; NaN where there was no lesion to classify."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What classifies, and what completes and finds lesions where asked to."""

    classifier: Classifier
    generator: Generator
    reader: Reader
    masks: Masks = "true"


def answers(prepared: Path, models: Models, *, at_most: int = 0, quiet: bool = False) -> dict[str, list[Answer]]:
    """For each setting of the main job the answers for all patients of the classifier's task who have its phases.

    Lesions are the true ones, or those that the reader finds in the scanned phases of the setting.

    Raises:
        InputError: when no patient is of the task.
    """
    found: dict[str, list[Answer]] = {setting.name: [] for setting in MAIN_JOB}
    files = open_cohort(prepared).files
    for path in track(files[:at_most] if at_most else files, title="Classifying", quiet=quiet):
        for setting, answer in _of_case(path, models):
            found[setting.name].append(answer)
    if not any(found.values()):
        raise InputError(
            f"No patient in '{prepared}' is of the classifier's task ({', '.join(models.classifier.names)})."
        )
    return found


def _of_case(path: Path, models: Models) -> Iterator[tuple[Inputs, Answer]]:
    prepared, case = read_prepared(path), load_case(path)
    labels = models.classifier.asked.labels(seen_lesions(prepared))
    if labels is None or labels.output == UNKNOWN:
        return
    for setting in MAIN_JOB:
        if not all(p in case.study.hu for p in setting.scanned):
            continue
        lesions = np.asarray(prepared.masks["lesions"])
        if models.masks == "found":
            lesions = models.reader.diagnose(only(case.study, setting.scanned)).lesions
        study = apply_inputs(case.study, setting, models.generator, facts=case.facts)
        told = replace(study, clinical=dict(prepared.clinical))
        yield setting, Answer(case.study.case, labels.output, _shares(told, lesions, models))


def _shares(study: AlignedStudy, lesions: npt.NDArray[np.integer], models: Models) -> Values:
    names = models.classifier.names
    if not lesions.any() and not models.classifier.knows_none:
        return np.full(len(names), np.nan)
    said = models.classifier.classify(study, lesions)
    return np.array([said[name] for name in names])


def statistics(found: Sequence[Answer], config: Bootstrap | None = None) -> list[Statistic]:
    """Share answered; of those answered top-1, top-2, the commonest class always named, mean AUC and calibration."""
    answered = [a for a in found if np.isfinite(a.shares).all()]
    there = np.array([np.isfinite(a.shares).all() for a in found])
    out = [Statistic("answered", interval(lambda i: float(there[i].mean()), np.zeros(len(found)), config), len(found))]
    if not answered:
        return out
    truth, shares = np.array([a.truth for a in answered], np.int64), np.stack([a.shares for a in answered])
    common = truth == np.bincount(truth).argmax()
    classes = [k for k in range(shares.shape[1]) if 0 < (truth == k).sum() < len(truth)]
    aucs = interval(lambda i: float(np.mean([auc(shares[i, k], truth[i] == k) for k in classes])), truth, config)
    return [
        *out,
        *distribution_statistics(truth, shares, config),
        Statistic(
            "top-1, commonest always named", interval(lambda i: float(common[i].mean()), truth, config), len(truth)
        ),
        Statistic(f"mean AUC of {len(classes)} classes", aucs, len(truth)),
    ]


def paired(one: Sequence[Answer], other: Sequence[Answer], config: Bootstrap | None = None) -> Statistic:
    """Top-1 of ``one`` minus that of ``other``, over the patients answered in both."""
    theirs = {a.case: a for a in other if np.isfinite(a.shares).all()}
    both = [(a, theirs[a.case]) for a in one if a.case in theirs and np.isfinite(a.shares).all()]
    gain = np.array([float(a.shares.argmax() == a.truth) - float(b.shares.argmax() == b.truth) for a, b in both])
    return Statistic("top-1", interval(lambda i: float(gain[i].mean()), [a.truth for a, _ in both], config), len(both))


def write_answers(path: Path, found: Sequence[Answer], names: Sequence[str], facts: Mapping[str, str]) -> None:
    """One line per patient: truth and shares, empty where there was no answer."""
    with atomic_path(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["case", "truth", *(f"{_SHARE}{name}" for name in names), *facts])
        for a in found:
            shares = ["" if value != value else f"{value:.5f}" for value in a.shares.tolist()]
            writer.writerow([a.case, names[a.truth], *shares, *facts.values()])


def read_answers(folder: Path) -> tuple[dict[str, list[Answer]], tuple[str, ...]]:
    """What ``write_answers`` wrote for each setting of the main job, and the names of the outputs.

    Raises:
        InputError: when there is no such file, or one that is no table of answers.
    """
    found: dict[str, list[Answer]] = {setting.name: [] for setting in MAIN_JOB}
    names: tuple[str, ...] = ()
    for setting in MAIN_JOB:
        path = folder / f"{setting.name}.csv"
        if not path.is_file():
            continue
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            names = tuple(f[len(_SHARE) :] for f in reader.fieldnames or () if f.startswith(_SHARE))
            try:
                found[setting.name] = [_answer(line, names) for line in reader]
            except (KeyError, ValueError) as error:
                raise InputError(f"'{path}' is no table of answers of 'hepaphase benchmark classes'.") from error
    if not names:
        raise InputError(f"'{folder}' holds no answers of 'hepaphase benchmark classes' ({MAIN_JOB[0].name}.csv, ...).")
    return found, names


def _answer(line: Mapping[str, str], names: Sequence[str]) -> Answer:
    shares = [float(line[f"{_SHARE}{name}"] or "nan") for name in names]
    return Answer(line["case"], tuple(names).index(line["truth"]), np.array(shares))


def of_origin(found: Sequence[Answer], names: Sequence[str]) -> list[Answer]:
    """The patients with metastases of an origin that the classifier tells, asked for the origin alone.

    Their shares are those of the origins, made to sum to one. Empty for a classifier of classes.
    """
    origins = [k for k, name in enumerate(names) if name in ORIGINS]
    own = [a for a in found if a.truth in origins]
    return [Answer(a.case, origins.index(a.truth), a.shares[origins] / a.shares[origins].sum()) for a in own]


def table(found: Mapping[str, Sequence[Answer]], names: Sequence[str], config: Bootstrap | None = None) -> str:
    """Markdown: a column per setting, paired differences from NC alone, and origins among metastases."""
    columns = {s.label: statistics(found[s.name], config) for s in MAIN_JOB if found[s.name]}
    text = markdown(columns)
    gains = {s.label: [paired(found[s.name], found["nc"], config)] for s in MAIN_JOB[1:] if found[s.name]}
    if found["nc"] and gains:
        text += f"\nDifference from NC, paired:\n\n{markdown(gains)}"
    asked = {s.label: of_origin(found[s.name], names) for s in MAIN_JOB}
    if any(asked.values()):
        told = markdown({label: statistics(own, config) for label, own in asked.items() if own})
        text += f"\nOrigin of metastases, of patients that have one, shares over origins alone:\n\n{told}"
    return text
