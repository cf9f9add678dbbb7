"""Overlap of two masks."""

import numpy as np
import numpy.typing as npt

from ..metric import Metric


def dice(prediction: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Dice coefficient of two masks of one shape (nonzero is inside); NaN when both are empty."""
    a, b = np.asarray(prediction) != 0, np.asarray(truth) != 0
    total = np.count_nonzero(a) + np.count_nonzero(b)
    return 2 * np.count_nonzero(a & b) / total if total else float("nan")


METRIC = Metric(kind="mask", unit="", higher_is_better=True, perfect=1.0, compute=dice)
