"""DeLong's test of two areas under the curve of the same patients (DeLong et al. 1988; Sun and Xu 2014)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, rankdata

from ..base.errors import InputError

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DeLong:
    """Two areas, their difference and how sure it is."""

    auc: tuple[float, float]
    difference: float
    """First minus second."""
    standard_error: float
    """Of the difference."""
    p: float
    """Two-sided; 1 where both scores rank alike, NaN where either label has fewer than two patients."""


def delong(first: npt.ArrayLike, second: npt.ArrayLike, truth: npt.ArrayLike) -> DeLong:
    """Hold two scores (N,) of the same patients against one another; ``truth`` (N,) is true where positive.

    Raises:
        InputError: when the three are not of one length.
    """
    scores, positive = np.stack(_alike(first, second)), np.asarray(truth).astype(bool)
    if scores.shape[1] != len(positive):
        raise InputError(f"DeLong's test needs one label per score, got {len(positive)} for {scores.shape[1]}.")
    if min(positive.sum(), (~positive).sum()) < 2:
        nan = float("nan")
        return DeLong((nan, nan), nan, nan, nan)
    areas, covariance = auc_covariance(scores, positive)
    difference = float(areas[0] - areas[1])
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    error = float(np.sqrt(max(variance, 0.0)))
    return DeLong((float(areas[0]), float(areas[1])), difference, error, _two_sided(difference, error))


def _two_sided(difference: float, error: float) -> float:
    if error < 1e-12:
        return 1.0 if abs(difference) < 1e-12 else 0.0
    return float(2 * norm.sf(abs(difference) / error))


def auc_covariance(scores: Values, positive: npt.NDArray[np.bool_]) -> tuple[Values, Values]:
    """Areas (K,) and their covariance (K, K) of ``scores`` (K, N), from placements among the other label's scores."""
    num_positive, num_negative = int(positive.sum()), int((~positive).sum())
    everyone = np.apply_along_axis(rankdata, 1, scores)
    own = np.apply_along_axis(rankdata, 1, scores[:, positive])
    others = np.apply_along_axis(rankdata, 1, scores[:, ~positive])
    of_positive = (everyone[:, positive] - own) / num_negative
    of_negative = 1 - (everyone[:, ~positive] - others) / num_positive
    covariance = np.cov(of_positive) / num_positive + np.cov(of_negative) / num_negative
    return of_positive.mean(axis=1), np.atleast_2d(covariance)


def _alike(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Values, Values]:
    a, b = np.asarray(first, float), np.asarray(second, float)
    if a.shape != b.shape or a.ndim != 1:
        raise InputError(f"DeLong's test needs two scores of the same patients, got {a.shape} and {b.shape}.")
    return a, b
