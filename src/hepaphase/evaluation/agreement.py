"""Agreement of named classes: accuracy, balanced accuracy, kappa, and the macro AUC of several classes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .metrics.auc import auc

Integers = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


def confusion(true: Integers, said: Integers, num_classes: int) -> Values:
    """Counts (K, K), a row per true class."""
    table = np.zeros((num_classes, num_classes))
    np.add.at(table, (true, said), 1)
    return table


def kappa(true: Integers, said: Integers, num_classes: int, *, quadratic: bool = False) -> float:
    """Cohen's kappa, with weights that grow with the square of the distance between classes where ``quadratic``.

    NaN where chance alone would agree fully.
    """
    table = confusion(true, said, num_classes)
    chance = np.outer(table.sum(1), table.sum(0)) / max(1.0, table.sum())
    place = np.arange(num_classes)
    distance = (place[:, None] - place[None]) ** 2 if quadratic else place[:, None] != place[None]
    expected = float((chance * distance).sum())
    return 1 - float((table * distance).sum()) / expected if expected else float("nan")


def balanced_accuracy(true: Integers, said: Integers) -> float:
    """Mean recall over the classes that occur."""
    return float(np.mean([(said[true == key] == key).mean() for key in np.unique(true)]))


def macro_auc(true: Integers, scores: Values) -> float:
    """Unweighted mean over classes of each against the others; NaN when a class is absent. ``scores`` (N, K)."""
    return float(np.mean([auc(scores[:, k], true == k) for k in range(scores.shape[1])]))


def expected_calibration_error(true: Integers, shares: Values, *, num_bins: int = 10) -> float:
    """Mean gap between how sure the likeliest class is and how often it is right, over bins of equal width.

    ``shares`` (N, K) sum to one.
    """
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == true
    bins = np.minimum((sure * num_bins).astype(int), num_bins - 1)
    parts = [(bins == b) for b in range(num_bins)]
    return float(sum(part.mean() * abs(sure[part].mean() - right[part].mean()) for part in parts if part.any()))


def top_accuracy(true: Integers, shares: Values, *, count: int) -> float:
    """Share of rows whose true class is among the ``count`` likeliest; ties go against us."""
    own = shares[np.arange(len(true)), true]
    at_least = (shares >= own[:, None]).sum(axis=1)
    return float((at_least <= count).mean())


def names_to_numbers(names: Sequence[str], known: Sequence[str]) -> Integers:
    """Index of each of ``names`` among ``known``."""
    return np.array([list(known).index(name) for name in names], np.int64)
