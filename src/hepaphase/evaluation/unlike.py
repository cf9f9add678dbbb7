"""How unlike a thing is to those that were learned from: Mahalanobis distance, as a share of others less so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import ConfigError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Familiar:
    """What is usual of some measures. D measures, H held out.

    Raises:
        ConfigError: when shapes do not fit.
    """

    names: tuple[str, ...]
    mean: Floats
    """(D,)."""
    covariance: Floats
    """(D, D)."""
    held_out: Floats
    """(H, D), of others than those it was fitted on; NaN where one was not measured."""

    def __post_init__(self) -> None:
        size = len(self.names)
        if self.mean.shape != (size,) or self.covariance.shape != (size, size) or self.held_out.shape[1:] != (size,):
            raise ConfigError(f"A reference of {size} measures needs a mean, a covariance and rows of that size.")

    def distances(self, values: Floats, names: Sequence[str]) -> Floats:
        """Squared Mahalanobis distances (N,) of ``values`` (N, len(names)), by these measures alone."""
        index = [self.names.index(name) for name in names]
        away = values - self.mean[index]
        return np.asarray((away * np.linalg.solve(self.covariance[np.ix_(index, index)], away.T).T).sum(axis=1))

    def scores(self, values: Floats, names: Sequence[str]) -> Floats:
        """Share of the held out that are less unlike, (N,), 0 to 1; those that lack one of ``names`` do not count."""
        rows = self.held_out[:, [self.names.index(name) for name in names]]
        known = np.sort(self.distances(rows[np.isfinite(rows).all(axis=1)], names))
        return np.asarray(np.searchsorted(known, self.distances(values, names)) / max(1, len(known)))

    def oddest(self, values: Floats, names: Sequence[str]) -> tuple[str, float, float, float]:
        """Of one row (len(names),): the measure most standard deviations off, itself, and the held out's 1 to 99 %."""
        index = [self.names.index(name) for name in names]
        worst = int(np.argmax(np.abs(values - self.mean[index]) / np.sqrt(np.diag(self.covariance)[index])))
        low, high = np.nanquantile(self.held_out[:, index[worst]], [0.01, 0.99])
        return names[worst], float(values[worst]), float(low), float(high)

    def to_dict(self) -> dict[str, Any]:
        """As plain values: the held out with two decimals, moments with enough digits to be inverted."""
        lower = [[float(f"{v:.6g}") for v in row[: k + 1]] for k, row in enumerate(self.covariance.tolist())]
        held = [[None if not np.isfinite(v) else round(v, 2) for v in row] for row in self.held_out.tolist()]
        return {
            "names": list(self.names),
            "mean": np.round(self.mean, 4).tolist(),
            "covariance": lower,
            "held_out": held,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Familiar":
        """What ``to_dict`` made."""
        size = len(values["names"])
        covariance = np.zeros((size, size))
        for k, row in enumerate(values["covariance"]):
            covariance[k, : k + 1] = covariance[: k + 1, k] = row
        held = np.array([[np.nan if v is None else v for v in row] for row in values["held_out"]], float)
        return cls(tuple(values["names"]), np.array(values["mean"]), covariance, held.reshape(-1, size))
