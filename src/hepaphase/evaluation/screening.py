"""Screening: is there anything to look at. Thresholds come from validation, figures from the test patients."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from ..base.errors import InputError
from .bootstrap import Bootstrap, interval
from .patient import Statistic
from .rows import PatientRow

SPECIFICITIES = (0.95, 0.99)
Score = Callable[[PatientRow], float]
Label = Callable[[PatientRow], bool]


def any_lesion(row: PatientRow) -> bool:
    """Whether the patient has any lesion of 113 mm^3 or more."""
    return any(row.truth.values())


def any_score(row: PatientRow) -> float:
    """The largest score over classes."""
    return max(row.score.values())


def operating_point(scores: npt.ArrayLike, positive: npt.ArrayLike, *, specificity: float) -> float:
    """The lowest threshold at which at least ``specificity`` of the negatives score below it.

    A patient is called positive at or above the threshold. Infinite where even the largest score must not be called.

    Args:
        scores: (N,) of the validation patients.
        positive: (N,) true where there is something to find.
        specificity: wanted among the negatives.

    Raises:
        InputError: without a negative patient.
    """
    negatives = np.sort(np.asarray(scores, float)[~np.asarray(positive).astype(bool)])
    if not negatives.size:
        raise InputError("An operating point needs validation patients without a finding.")
    called = int(np.floor((1 - specificity) * len(negatives) + 1e-9))
    highest_not_called = negatives[len(negatives) - called - 1] if called < len(negatives) else -np.inf
    return float(np.nextafter(highest_not_called, np.inf))


def screening(
    validation: Sequence[PatientRow],
    test: Sequence[PatientRow],
    config: Bootstrap | None = None,
    *,
    specificities: Sequence[float] = SPECIFICITIES,
) -> list[Statistic]:
    """Sensitivity and specificity on ``test`` at thresholds chosen on ``validation``, for any and malignant lesions.

    With false lesions per lesion-free test patient, which is what a screening program sees most of.

    Raises:
        InputError: as :func:`operating_point`.
    """
    tasks: list[tuple[str, Label, Score]] = [
        ("any lesion", any_lesion, any_score),
        ("malignant", lambda r: r.malignant, lambda r: r.malignant_score),
    ]
    found = []
    for name, label, score in tasks:
        points = [score(r) for r in validation], [label(r) for r in validation]
        for wanted in specificities:
            threshold = operating_point(*points, specificity=wanted)
            called = np.array([score(r) >= threshold for r in test])
            positive = np.array([label(r) for r in test])
            at = f"{name}, specificity {wanted:g} on validation"
            found += _rate(f"sensitivity, {at}", called[positive], config)
            found += _rate(f"specificity, {at}", ~called[~positive], config)
    free = np.array([r.num_found - r.num_matched for r in test if not any_lesion(r)], float)
    return [*found, *_rate("false lesions per lesion-free patient", free, config)]


def _rate(name: str, values: npt.NDArray[np.generic], config: Bootstrap | None) -> list[Statistic]:
    numbers = np.asarray(values, float)
    if not numbers.size:
        return []
    between = interval(lambda index: float(numbers[index].mean()), np.zeros(len(numbers)), config)
    return [Statistic(name, between, len(numbers), int(numbers.sum()))]
