"""Statistics over patients, and differences between two readings of the same patients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..base.errors import InputError
from ..study.lesions import BENIGN, LESION_CLASSES
from .bootstrap import Bootstrap, Indices, Interval, interval
from .metrics.auc import auc
from .rows import PatientRow

Compute = Callable[[Indices], float]


@dataclass(frozen=True, slots=True)
class Statistic:
    """One line of a table."""

    name: str
    interval: Interval
    num_patients: int
    num_positive: int | None = None
    """Patients (for an AUC) or lesions (for a rate) that carry the statistic."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A statistic before it is computed."""

    name: str
    compute: Compute
    """From indices of patients, repeats allowed, to the value."""
    patients: Indices
    """Whom it is computed over."""
    num_positive: int | None = None


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
    truth, _ = _matrices(rows)
    return [
        Statistic(m.name, _interval(m.compute, m.patients, truth, config), len(m.patients), m.num_positive)
        for m in _measures(rows)
    ]


def differences(
    rows: Sequence[PatientRow], baseline: Sequence[PatientRow], config: Bootstrap | None = None
) -> list[Statistic]:
    """Each statistic of ``rows`` minus that of ``baseline``, both readings of the same patients, with its interval.

    Every resample draws the same patients for both, so what makes a patient hard for both cancels; an interval that
    leaves out zero says more than two intervals that do not overlap. Statistics that the two readings do not share, or
    have for other patients, are left out.

    Raises:
        InputError: when the two are not the same patients with the same truth.
    """
    partner = {row.case: row for row in baseline}
    if not rows or set(partner) != {row.case for row in rows} or len(partner) != len(rows):
        raise InputError(
            f"Paired differences need the same patients twice, got {len(rows)} and {len(baseline)} rows that differ."
        )
    other = [partner[row.case] for row in rows]
    if changed := [a.case for a, b in zip(rows, other, strict=True) if dict(a.truth) != dict(b.truth)]:
        raise InputError(f"Patient '{changed[0]}' has another truth in the baseline; pair rows of one cohort.")
    truth, _ = _matrices(rows)
    ours, theirs = ({m.name: m for m in _measures(r)} for r in (rows, other))
    shared = [(m, theirs[m.name]) for m in ours.values() if m.name in theirs]
    return [
        Statistic(a.name, _interval(_minus(a, b), a.patients, truth, config), len(a.patients), a.num_positive)
        for a, b in shared
        if np.array_equal(a.patients, b.patients)
    ]


def _minus(ours: Measure, theirs: Measure) -> Compute:
    return lambda index: ours.compute(index) - theirs.compute(index)


def _interval(compute: Compute, patients: Indices, truth: npt.NDArray[np.bool_], config: Bootstrap | None) -> Interval:
    return interval(lambda index: compute(patients[index]), truth[patients], config)


def measures(rows: Sequence[PatientRow]) -> dict[str, Measure]:
    """Every statistic of ``rows`` by name, to be computed over any of their patients."""
    return {m.name: m for m in _measures(rows)}


def truth_matrix(rows: Sequence[PatientRow]) -> npt.NDArray[np.bool_]:
    """Which patient has which class (N, K), the strata of the bootstrap."""
    return _matrices(rows)[0]


def _measures(rows: Sequence[PatientRow]) -> list[Measure]:
    return [*_patient_measures(rows), *_lesion_measures(rows), *_value_measures(rows)]


def _matrices(rows: Sequence[PatientRow]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    keys = list(LESION_CLASSES)
    truth = np.array([[row.truth[key] for key in keys] for row in rows], bool)
    return truth, np.array([[row.score[key] for key in keys] for row in rows], float)


def _patient_measures(rows: Sequence[PatientRow]) -> list[Measure]:
    truth, score = _matrices(rows)
    keys = list(LESION_CLASSES)
    benign_columns = [keys.index(key) for key in BENIGN]
    of_class = [_auc(score[:, k], truth[:, k]) for k in range(len(keys))]
    malignant = np.array([row.malignant for row in rows])
    of_malignant = _auc(np.array([row.malignant_score for row in rows]), malignant)
    of_benign = _auc(score[:, benign_columns].max(axis=1), np.asarray(truth[:, benign_columns].any(axis=1)))
    everyone = np.arange(len(rows))
    return [
        Measure("AUC-8", _mean_of(of_class), everyone),
        Measure("AUC-2", _mean_of([of_malignant, of_benign]), everyone),
        Measure("malignant AUC", of_malignant, everyone, int(malignant.sum())),
        *(Measure(f"AUC {key}", of_class[k], everyone, int(truth[:, k].sum())) for k, key in enumerate(keys)),
    ]


def _auc(score: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> Compute:
    return lambda index: auc(score[index], truth[index])


def _mean_of(parts: Sequence[Compute]) -> Compute:
    return lambda index: float(np.mean([part(index) for part in parts]))


def _lesion_measures(rows: Sequence[PatientRow]) -> list[Measure]:
    counts = np.array([[r.num_true, r.num_found, r.num_matched, r.num_named_right] for r in rows], float)
    everyone = np.arange(len(rows))
    free = np.flatnonzero(counts[:, 0] == 0)

    def ratio(name: str, above: int, below: int) -> Measure:
        def compute(index: Indices) -> float:
            total = counts[index, below].sum()
            return float(counts[index, above].sum() / total) if total else float("nan")

        return Measure(name, compute, everyone, int(counts[:, below].sum()))

    measures = [
        ratio("lesion recall", 2, 0),
        ratio("lesion precision", 2, 1),
        ratio("lesion class accuracy", 3, 2),
    ]
    if free.size:
        false = counts[:, 1] - counts[:, 2]
        name = "false lesions per lesion-free scan"
        measures.append(Measure(name, lambda index: float(false[index].mean()), free))
    return measures


def _value_measures(rows: Sequence[PatientRow]) -> list[Measure]:
    measures = []
    for name in sorted({name for row in rows for name in row.values}):
        column = np.array([row.values.get(name, float("nan")) for row in rows])
        known = np.flatnonzero(np.isfinite(column))
        if known.size:
            measures.append(Measure(name, _mean(column), known))
    return measures


def _mean(column: npt.NDArray[np.float64]) -> Compute:
    return lambda index: float(column[index].mean())
