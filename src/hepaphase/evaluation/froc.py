"""Free-response operating characteristic: recall of lesions against false finds per patient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..base.errors import InputError
from .bootstrap import Bootstrap, Indices, interval
from .lesion_rows import LesionRow
from .patient import Statistic

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False finds per patient at which recall is read (LUNA16)."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Froc:
    """A curve; each point reports what scores at least its threshold."""

    thresholds: Values
    """(N,), falling; the first is above every score."""
    false_per_patient: Values
    recall: Values

    def recall_at(self, rate: float) -> float:
        """Recall at so many false finds per patient, between points linearly; beyond the last point, its recall."""
        return float(np.interp(rate, self.false_per_patient, self.recall))


def froc(rows: Sequence[LesionRow], *, num_patients: int) -> Froc:
    """The curve of all found lesions.

    Raises:
        InputError: when a found lesion has no score, or there is no patient.
    """
    if num_patients < 1 or any(r.is_found and np.isnan(r.score) for r in rows):
        raise InputError("FROC needs patients, and a score for every found lesion.")
    hits = np.array([r.score for r in rows if r.is_true and r.is_found])
    false = np.array([r.score for r in rows if not r.is_true])
    num_true = sum(r.is_true for r in rows)
    return _curve(hits, false, num_true, num_patients)


def _curve(hits: Values, false: Values, num_true: int, num_patients: int) -> Froc:
    levels = np.unique(np.concatenate([hits, false]))[::-1]
    above = [np.array([(part >= level).sum() for level in levels], float) for part in (hits, false)]
    recall, rate = (np.concatenate([[0.0], part]) for part in above)
    thresholds = np.concatenate([[np.inf], levels])
    return Froc(thresholds, rate / num_patients, recall / num_true if num_true else np.full(len(recall), np.nan))


def froc_statistics(
    rows: Sequence[LesionRow], cases: Sequence[str], config: Bootstrap | None = None, *, rates: Sequence[float] = RATES
) -> list[Statistic]:
    """Recall at each of ``rates`` and their mean, whole patients resampled.

    Raises:
        InputError: as :func:`froc`.
    """
    froc(rows, num_patients=len(cases))  # says what is missing
    of_case: dict[str, list[LesionRow]] = {case: [] for case in cases}
    for row in rows:
        of_case[row.case].append(row)
    parts = [_numbers(of_case[case]) for case in cases]
    has_lesion = np.array([part[2] > 0 for part in parts])
    num_true = sum(part[2] for part in parts)

    def curve(index: Indices) -> Froc:
        chosen = [parts[k] for k in index]
        hits, false = (np.concatenate([part[side] for part in chosen]) for side in (0, 1))
        return _curve(hits, false, sum(part[2] for part in chosen), len(chosen))

    def mean_recall(wanted: Sequence[float]) -> Callable[[Indices], float]:
        def compute(index: Indices) -> float:
            found = curve(index)
            return float(np.mean([found.recall_at(rate) for rate in wanted]))

        return compute

    wanted = {**{f"recall at {rate:g} false per patient": [rate] for rate in rates}, "FROC mean recall": list(rates)}
    return [
        Statistic(name, interval(mean_recall(some), has_lesion, config), len(cases), num_true)
        for name, some in wanted.items()
    ]


def _numbers(rows: Sequence[LesionRow]) -> tuple[Values, Values, int]:
    """Scores of hits, scores of false finds, number of true lesions."""
    hits = np.array([r.score for r in rows if r.is_true and r.is_found])
    false = np.array([r.score for r in rows if not r.is_true])
    return hits, false, sum(r.is_true for r in rows)
