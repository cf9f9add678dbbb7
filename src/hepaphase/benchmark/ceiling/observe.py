"""The observers: gradient boosting over measured values, and how lesions add up to a patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from ...base.extras import need
from .describe import VALUES, Floats
from .measure import CLASSES

_ROUNDS, _LEAVES, _SMALLEST_LEAF = 100, 15, 20
_SPREAD = VALUES.index("sd")


@dataclass(frozen=True, slots=True)
class Posterior:
    """Class probabilities from features."""

    model: Any
    """None when there was at most one class to learn."""
    labels: tuple[int, ...]

    @classmethod
    def fit(
        cls, features: Floats, truth: npt.NDArray[np.int64], weight: Floats | None = None, *, rounds: int = _ROUNDS
    ) -> "Posterior":
        """Train on (n, features) and (n,) class indices; -1 is a class of its own, nothing.

        Raises:
            MissingExtraError: without scikit-learn.
        """
        ensemble = need("sklearn.ensemble", extra="benchmark")
        if len(labels := np.unique(truth)) < 2:
            return cls(None, tuple(labels.tolist()))
        model = ensemble.HistGradientBoostingClassifier(
            max_iter=rounds,
            max_leaf_nodes=_LEAVES,
            min_samples_leaf=_SMALLEST_LEAF,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=0,
        ).fit(features, truth, sample_weight=weight)
        return cls(model, tuple(int(k) for k in model.classes_))

    def of(self, features: Floats) -> Floats:
        """(n, classes), without the column of nothing."""
        found = np.zeros((len(features), len(CLASSES)))
        if self.model is None:  # whoever saw one class knows no other
            found[:, [label for label in self.labels if label >= 0]] = 1.0
        elif len(features):
            for column, label in zip(self.model.predict_proba(features).T, self.labels, strict=True):
                if label >= 0:
                    found[:, label] = column
        return found


def median_of(features: Floats, target: Floats, wanted: Floats, *, rounds: int = _ROUNDS) -> Floats:
    """The conditional median of ``target`` (n,) given (n, features), at (m, features) ``wanted``: (m,).

    Raises:
        MissingExtraError: without scikit-learn.
    """
    ensemble = need("sklearn.ensemble", extra="benchmark")
    model = ensemble.HistGradientBoostingRegressor(
        loss="absolute_error",
        max_iter=rounds,
        max_leaf_nodes=_LEAVES,
        min_samples_leaf=_SMALLEST_LEAF,
        early_stopping=False,
        random_state=0,
    ).fit(features, target)
    return np.asarray(model.predict(wanted), np.float64)


def between_phases(values: Floats) -> list[Floats]:
    """Differences of each pair of phases of (n, phases, values)."""
    return [values[:, j] - values[:, i] for i, j in combinations(range(values.shape[1]), 2)]


def region_features(values: Floats, shape: Floats, context: Floats, times_s: Floats, phases: Sequence[int]) -> Floats:
    """What an observer sees of regions in the given phases, (n, features).

    Args:
        values: (n, all phases, values).
        shape: (n, shape).
        context: (n, all phases, organs), liver first.
        times_s: (n, all phases).
        phases: index of the given ones.
    """
    index = list(phases)
    seen, organs = values[:, index], context[:, index]
    against_liver = seen - organs[:, :, :1]
    against_liver[:, :, _SPREAD] = seen[:, :, _SPREAD]
    columns = [against_liver, seen[:, :, 0], seen[:, :, 4] - seen[:, :, 5], organs, shape]
    columns += between_phases(np.concatenate([seen, organs], axis=2))
    columns.append(times_s[:, [p for p in index if p]])
    return np.concatenate([np.reshape(c, (len(values), -1)) for c in columns], axis=1)


def largest_by_patient(scores: Floats, owner: npt.NDArray[np.int64], num_patients: int) -> Floats:
    """(patients, columns): the largest score of a patient's regions, 0 where there is none."""
    found = np.zeros((num_patients, scores.shape[1]))
    np.maximum.at(found, owner, scores)
    return found
