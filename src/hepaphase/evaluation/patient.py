"""One row per patient, and the statistics over rows."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..base.atomic import atomic_path
from ..base.errors import InputError
from ..study.lesions import BENIGN, LESION_CLASSES, MALIGNANT
from .bootstrap import Bootstrap, Indices, Interval, interval
from .metrics.auc import auc


@dataclass(frozen=True, slots=True)
class PatientRow:
    """What is known and what was said about one patient.

    ``values`` holds whatever else is averaged over patients (``liver_dice``, ``AP_liver_mae`` ...); NaN where it does
    not apply.
    """

    case: str
    truth: Mapping[str, bool]
    """Class to whether the patient has a lesion of it of 113 mm^3 or more."""
    score: Mapping[str, float]
    """Class to score."""
    malignant_score: float
    num_true: int = 0
    num_found: int = 0
    num_matched: int = 0
    num_named_right: int = 0
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def malignant(self) -> bool:
        """Whether the patient has a malignant lesion."""
        return any(self.truth[key] for key in MALIGNANT)


@dataclass(frozen=True, slots=True)
class Statistic:
    """One line of a table."""

    name: str
    interval: Interval
    num_patients: int
    num_positive: int | None = None
    """Patients (for an AUC) or lesions (for a rate) that carry the statistic."""


def summarize(rows: Sequence[PatientRow], config: Bootstrap | None = None) -> list[Statistic]:
    """AUC per class, AUC-8, AUC-2, malignant AUC; lesion recall, precision, class accuracy; means of all values.

    AUC of class c sets patients with c against all others, lesion-free included. AUC-8 is the unweighted mean over
    classes; AUC-2 the mean of malignant and benign, the benign score being the largest over benign classes (our
    choice). Intervals resample patients within strata of equal labels, so that none lacks a class.

    Raises:
        InputError: without rows.
    """
    if not rows:
        raise InputError("There is no patient to summarize.")
    truth, score = _matrices(rows)
    return [
        *_patient_statistics(rows, truth, score, config),
        *_lesion_statistics(rows, truth, config),
        *_value_statistics(rows, truth, config),
    ]


def _matrices(rows: Sequence[PatientRow]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    keys = list(LESION_CLASSES)
    truth = np.array([[row.truth[key] for key in keys] for row in rows], bool)
    return truth, np.array([[row.score[key] for key in keys] for row in rows], float)


def _patient_statistics(
    rows: Sequence[PatientRow], truth: npt.NDArray[np.bool_], score: npt.NDArray[np.float64], config: Bootstrap | None
) -> list[Statistic]:
    keys = list(LESION_CLASSES)
    malignant = np.array([row.malignant for row in rows])
    benign_columns = [keys.index(key) for key in BENIGN]
    benign = np.asarray(np.any(truth[:, benign_columns], axis=1))
    malignant_score = np.array([row.malignant_score for row in rows])
    benign_score = score[:, benign_columns].max(axis=1)

    def mean_auc(index: Indices) -> float:
        return float(np.mean([auc(score[index, k], truth[index, k]) for k in range(len(keys))]))

    def malignant_auc(index: Indices) -> float:
        return auc(malignant_score[index], malignant[index])

    def two_auc(index: Indices) -> float:
        return (malignant_auc(index) + auc(benign_score[index], benign[index])) / 2

    num = len(rows)
    lines = [
        Statistic("AUC-8", interval(mean_auc, truth, config), num),
        Statistic("AUC-2", interval(two_auc, truth, config), num),
        Statistic("malignant AUC", interval(malignant_auc, truth, config), num, int(malignant.sum())),
    ]
    for k, key in enumerate(keys):
        found = interval(lambda index, k=k: auc(score[index, k], truth[index, k]), truth, config)  # type: ignore[misc]
        lines.append(Statistic(f"AUC {key}", found, num, int(truth[:, k].sum())))
    return lines


def _lesion_statistics(
    rows: Sequence[PatientRow], truth: npt.NDArray[np.bool_], config: Bootstrap | None
) -> list[Statistic]:
    counts = np.array([[r.num_true, r.num_found, r.num_matched, r.num_named_right] for r in rows], float)
    free = counts[:, 0] == 0

    def ratio(above: int, below: int) -> Statistic:
        def statistic(index: Indices) -> float:
            total = counts[index, below].sum()
            return float(counts[index, above].sum() / total) if total else float("nan")

        return Statistic("", interval(statistic, truth, config), len(rows), int(counts[:, below].sum()))

    def false_per_scan(index: Indices) -> float:
        chosen = index[free[index]]
        return float((counts[chosen, 1] - counts[chosen, 2]).mean()) if chosen.size else float("nan")

    named = [("lesion recall", ratio(2, 0)), ("lesion precision", ratio(2, 1)), ("lesion class accuracy", ratio(3, 2))]
    lines = [Statistic(name, s.interval, s.num_patients, s.num_positive) for name, s in named]
    if free.any():
        found = interval(false_per_scan, truth, config)
        lines.append(Statistic("false lesions per lesion-free scan", found, int(free.sum())))
    return lines


def _value_statistics(
    rows: Sequence[PatientRow], truth: npt.NDArray[np.bool_], config: Bootstrap | None
) -> list[Statistic]:
    names = sorted({name for row in rows for name in row.values})
    lines = []
    for name in names:
        column = np.array([row.values.get(name, float("nan")) for row in rows])
        known = np.isfinite(column)
        if not known.any():
            continue
        kept = column[known]
        found = interval(lambda index, kept=kept: float(kept[index].mean()), truth[known], config)  # type: ignore[misc]
        lines.append(Statistic(name, found, int(known.sum())))
    return lines


_COUNTS = ("num_true", "num_found", "num_matched", "num_named_right")


def write_rows(path: Path, rows: Sequence[PatientRow], facts: Mapping[str, str]) -> None:
    """Write rows as CSV, each with ``facts`` (cohort, seed, recipe, scale), whole or not at all."""
    names = sorted({name for row in rows for name in row.values})
    with atomic_path(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            [
                "case",
                *(f"true_{k}" for k in LESION_CLASSES),
                *(f"score_{k}" for k in LESION_CLASSES),
                "score_malignant",
                *_COUNTS,
                *(f"value_{n}" for n in names),
                *facts,
            ]
        )
        for row in rows:
            writer.writerow(
                [
                    row.case,
                    *(int(row.truth[k]) for k in LESION_CLASSES),
                    *(f"{row.score[k]:.5f}" for k in LESION_CLASSES),
                    f"{row.malignant_score:.5f}",
                    *(getattr(row, n) for n in _COUNTS),
                    *(_short(row.values.get(n)) for n in names),
                    *facts.values(),
                ]
            )


def read_rows(path: Path) -> list[PatientRow]:
    """Read what ``write_rows`` wrote.

    Raises:
        InputError: for a file of another shape or another class table.
    """
    with path.open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    try:
        return [_row(line) for line in table]
    except (KeyError, ValueError) as error:
        raise InputError(f"{path.name} is not a table of patients with our classes ({error}).") from error


def _row(line: Mapping[str, str]) -> PatientRow:
    return PatientRow(
        case=line["case"],
        truth={k: line[f"true_{k}"] == "1" for k in LESION_CLASSES},
        score={k: float(line[f"score_{k}"]) for k in LESION_CLASSES},
        malignant_score=float(line["score_malignant"]),
        **{name: int(line[name]) for name in _COUNTS},
        values={
            name.removeprefix("value_"): float(text) if text else float("nan")
            for name, text in line.items()
            if name.startswith("value_")
        },
    )


def _short(value: float | None) -> str:
    return "" if value is None or not np.isfinite(value) else f"{value:.5g}"
