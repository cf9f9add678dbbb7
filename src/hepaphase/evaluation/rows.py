"""One row per patient, in memory and as CSV."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..base.atomic import atomic_path
from ..base.errors import InputError
from ..study.lesions import LESION_CLASSES, MALIGNANT


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


def read_facts(path: Path, names: Sequence[str]) -> dict[str, str]:
    """Facts that ``write_rows`` wrote beside the first patient; those not there are left out."""
    with path.open(newline="", encoding="utf-8") as file:
        line = next(csv.DictReader(file), {})
    return {name: line[name] for name in names if name in line}


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
