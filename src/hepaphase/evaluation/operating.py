"""What a reader's scores are held against: thresholds of screening and sets of classes, by the phases it was given."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .bootstrap import Bootstrap
from .conformal import LEVEL, coverage, known, smallest_share
from .lesion_rows import LesionRow
from .rows import PatientRow
from .screening import SPECIFICITIES, any_lesion, any_score, operating_point

SCHEMA = "hepaphase-operating/1"
TASKS: Mapping[str, tuple[Callable[[PatientRow], bool], Callable[[PatientRow], float]]] = {
    "any lesion": (any_lesion, any_score),
    "malignant": (lambda row: row.malignant, lambda row: row.malignant_score),
}
"""What is looked for: whether a patient has it, and the score for it."""

Rows = tuple[Sequence[PatientRow], Sequence[LesionRow]]


def operating_facts(validation: Rows, test: Rows | None, config: Bootstrap | None = None) -> dict[str, Any]:
    """Thresholds chosen on validation patients, as plain values, with what they do on test patients beside them.

    Raises:
        InputError: without a negative patient, or without a found lesion of known class.
    """
    points = [_point(task, wanted, validation[0], test) for task in TASKS for wanted in SPECIFICITIES]
    at_least, number = smallest_share(validation[1])
    facts: dict[str, Any] = {"level": LEVEL, "at_least": round(at_least, 5), "num_lesions": number}
    if test is not None and known(test[1]):
        between, size, count = coverage(test[1], facts["at_least"], config)
        facts["test"] = {
            "coverage": round(between.value, 4),
            "interval": [round(between.low, 4), round(between.high, 4)],
            "mean_size": round(size, 3),
            "num_lesions": count,
        }
    return {"screening": points, "prediction_set": facts}


def _up(value: float) -> float:
    """Rounded upwards, since the highest score that may not be called lies just below."""
    return math.ceil(value * 1e7) / 1e7 if math.isfinite(value) else 2.0


def _point(task: str, specificity: float, validation: Sequence[PatientRow], test: Rows | None) -> dict[str, Any]:
    label, score = TASKS[task]
    truth = [label(r) for r in validation]
    threshold = operating_point([score(r) for r in validation], truth, specificity=specificity)
    point: dict[str, Any] = {
        "task": task,
        "specificity": specificity,
        "threshold": _up(threshold),
        "num_positive": sum(truth),
        "num_negative": len(truth) - sum(truth),
    }
    if test is not None:
        called = np.array([score(r) >= point["threshold"] for r in test[0]])
        positive = np.array([label(r) for r in test[0]])
        point["test"] = {
            "sensitivity": round(float(called[positive].mean()), 4),
            "specificity": round(float((~called[~positive]).mean()), 4),
            "num_positive": int(positive.sum()),
            "num_negative": int((~positive).sum()),
        }
    return point
