"""Probabilities that mean what they say: one temperature, fitted on validation patients."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ..base.errors import InputError
from .agreement import expected_calibration_error, top_accuracy
from .bootstrap import Bootstrap, Indices, interval
from .patient import Statistic

Integers = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


def fit_temperature(logits: Values, truth: Integers) -> float:
    """The temperature of least cross-entropy, between 1/20 and 20 (Guo et al. 2017).

    Args:
        logits: (N, K) of validation cases.
        truth: (N,).

    Raises:
        InputError: without a case.
    """
    if not len(truth):
        raise InputError("A temperature needs validation cases with a known answer.")

    def entropy(log_temperature: float) -> float:
        shares = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-shares[np.arange(len(truth)), truth].mean())

    return float(np.exp(minimize_scalar(entropy, bounds=(-np.log(20), np.log(20)), method="bounded").x))


def distribution_statistics(truth: Integers, shares: Values, config: Bootstrap | None = None) -> list[Statistic]:
    """Top-1 and top-2 accuracy, negative log-probability of the truth and calibration error, cases resampled.

    ``shares`` (N, K) sum to one, ``truth`` (N,).
    """
    own = np.clip(shares[np.arange(len(truth)), truth], 1e-12, None)
    parts: dict[str, Callable[[Indices], float]] = {
        "top-1": lambda i: top_accuracy(truth[i], shares[i], count=1),
        "top-2": lambda i: top_accuracy(truth[i], shares[i], count=2),
        "negative log-probability": lambda i: float(-np.log(own[i]).mean()),
        "calibration error (10 bins)": lambda i: expected_calibration_error(truth[i], shares[i]),
    }
    return [Statistic(name, interval(f, truth, config), len(truth)) for name, f in parts.items()]
