"""Mean absolute error in HU."""

import numpy as np
import numpy.typing as npt

from ..metric import Metric


def mae(prediction: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Mean absolute difference of two arrays of one shape; NaN when they are empty."""
    error = np.abs(np.asarray(prediction, float) - np.asarray(truth, float))
    return float(error.mean()) if error.size else float("nan")


METRIC = Metric(kind="hu", unit="HU", higher_is_better=False, perfect=0.0, compute=mae)
