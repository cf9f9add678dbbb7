"""One row per lesion, true or found, in memory and as CSV."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..base.atomic import atomic_path
from ..base.errors import InputError
from ..study.lesions import LESION_CLASSES
from .lesions import match_lesions
from .reading import Answer, Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionRow:
    """A true lesion of 113 mm^3 or more, found or not; or a found one that is not there."""

    case: str
    true_class: str = ""
    """Empty for a false find."""
    radius_mm: float = float("nan")
    """Of the sphere of the true lesion's volume."""
    found_class: str = ""
    """Empty for a lesion that was missed."""
    score: float = float("nan")
    """Confidence that the found one is a lesion; NaN where it was missed, or the reading gives none."""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    """Class to probability of the found one; empty where it was missed, or the reading gives none."""

    @property
    def is_true(self) -> bool:
        """Whether there is a lesion."""
        return bool(self.true_class)

    @property
    def is_found(self) -> bool:
        """Whether one was reported."""
        return bool(self.found_class)


def compare_lesions(truth: Truth, answer: Answer) -> list[LesionRow]:
    """The rows of one patient: every counted true lesion with what was found of it, then the false finds."""
    match = match_lesions(answer.lesions, truth.lesions, voxel_mm3=truth.voxel_mm3)
    partner = {true: found for found, true in match.pairs}
    sizes = np.bincount(np.asarray(truth.lesions).ravel())
    rows = []
    for lesion in match.true_ids:
        radius = sphere_radius_mm(float(sizes[lesion]) * truth.voxel_mm3)
        key, said = truth.lesion_classes[lesion], _said(answer, partner.get(lesion))
        rows.append(LesionRow(case=truth.case, true_class=key, radius_mm=radius, **said))
    for lesion in (k for k in match.found_ids if k not in partner.values()):
        rows.append(LesionRow(case=truth.case, **_said(answer, lesion)))
    return rows


def _said(answer: Answer, lesion: int | None) -> dict[str, Any]:
    """Class, confidence and probabilities of a found lesion."""
    if lesion is None:
        return {}
    return {
        "found_class": answer.lesion_classes[lesion],
        "score": float(answer.lesion_scores.get(lesion, float("nan"))),
        "probabilities": dict(answer.lesion_probabilities.get(lesion, {})),
    }


def sphere_radius_mm(volume_mm3: float) -> float:
    """Radius of the sphere of this volume."""
    return float((3 * volume_mm3 / (4 * math.pi)) ** (1 / 3))


_FIELDS = ("case", "true_class", "radius_mm", "found_class", "score")
_SHARE = "probability_"


def write_lesions(path: Path, rows: Sequence[LesionRow], facts: Mapping[str, str]) -> None:
    """Write rows as CSV, each with ``facts``, whole or not at all."""
    classes = list(LESION_CLASSES) if any(r.probabilities for r in rows) else []
    with atomic_path(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*_FIELDS, *(f"{_SHARE}{c}" for c in classes), *facts])
        for r in rows:
            numbers = ["" if math.isnan(v) else f"{v:.5g}" for v in (r.radius_mm, r.score)]
            shares = [f"{r.probabilities[c]:.5f}" if c in r.probabilities else "" for c in classes]
            writer.writerow([r.case, r.true_class, numbers[0], r.found_class, numbers[1], *shares, *facts.values()])


def read_lesions(path: Path) -> list[LesionRow]:
    """Read what ``write_lesions`` wrote.

    Raises:
        InputError: for a file of another shape.
    """
    with path.open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    try:
        return [
            LesionRow(
                case=line["case"],
                true_class=line["true_class"],
                radius_mm=float(line["radius_mm"] or "nan"),
                found_class=line["found_class"],
                score=float(line["score"] or "nan"),
                probabilities={c: float(line[_SHARE + c]) for c in LESION_CLASSES if line.get(_SHARE + c)},
            )
            for line in table
        ]
    except (KeyError, ValueError) as error:
        raise InputError(f"{path.name} is not a table of lesions ({error}).") from error
