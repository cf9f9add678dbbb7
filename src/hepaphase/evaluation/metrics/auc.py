"""Area under the receiver operating characteristic."""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from ..metric import Metric


def auc(prediction: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Probability that a positive scores above a negative, ties counting one half; NaN when either is absent.

    Args:
        prediction: (N,) scores.
        truth: (N,) true where positive.
    """
    score, positive = np.asarray(prediction, float), np.asarray(truth).astype(bool)
    num_positive = int(positive.sum())
    num_negative = positive.size - num_positive
    if not num_positive or not num_negative:
        return float("nan")
    rank_sum = rankdata(score)[positive].sum()
    return float((rank_sum - num_positive * (num_positive + 1) / 2) / (num_positive * num_negative))


METRIC = Metric(kind="score", unit="", higher_is_better=True, perfect=1.0, compute=auc)
