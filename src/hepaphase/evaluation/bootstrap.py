"""Confidence intervals by resampling patients."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..base.errors import ConfigError
from ..base.seeds import stream

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """How intervals are made: percentiles over patients drawn with replacement.

    Raises:
        ConfigError: for too few resamples, or a level that is not between 0 and 1.
    """

    num_resamples: int = 1000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.num_resamples < 10 or not 0 < self.level < 1:
            raise ConfigError(f"A bootstrap needs 10 resamples or more and a level in (0, 1), got {self}.")


@dataclass(frozen=True, slots=True)
class Interval:
    """A statistic with its interval."""

    value: float
    low: float
    high: float
    p: float = float("nan")
    """Two-sided, of the value being zero: twice the share of resamples on the other side of it, one added above and
    below. Only of interest for a difference."""


def interval(statistic: Callable[[Indices], float], strata: npt.ArrayLike, config: Bootstrap | None = None) -> Interval:
    """The statistic of all patients and its percentile interval.

    Each resample draws within each stratum as many patients as it has, so that no resample lacks a class.

    Args:
        statistic: from (N,) indices of patients, repeats allowed, to a number; NaN where it is undefined.
        strata: (N,) or (N, K) labels; patients with equal rows form a stratum.
        config: how; the default when None.
    """
    config = config or Bootstrap()
    groups = _groups(strata)
    everyone = np.sort(np.concatenate(groups))
    rng = stream(config.seed, "bootstrap")
    draws = [statistic(_resample(groups, rng)) for _ in range(config.num_resamples)]
    finite = np.asarray(draws)[np.isfinite(draws)]
    value = statistic(everyone)
    if not finite.size:
        return Interval(value, float("nan"), float("nan"))
    tail = (1 - config.level) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    beyond = min((finite <= 0).sum(), (finite >= 0).sum())
    return Interval(value, float(low), float(high), min(1.0, float(2 * (beyond + 1) / (len(finite) + 1))))


def _groups(strata: npt.ArrayLike) -> list[Indices]:
    labels = np.asarray(strata)
    rows = labels.reshape(len(labels), -1)
    _, group = np.unique(rows, axis=0, return_inverse=True)
    group = group.ravel()
    return [np.flatnonzero(group == g) for g in range(int(group.max()) + 1)]


def _resample(groups: list[Indices], rng: np.random.Generator) -> Indices:
    return np.concatenate([rng.choice(group, size=len(group)) for group in groups])
