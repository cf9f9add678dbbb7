"""Which phase is which: measured HU of vessels and organs against the whole-body model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from ..base.errors import ConfigError, PhaseDoubtError
from ..study.phase import Phase
from .exams import REGIONS, TIMES_S, Exams, draw_exams

Floats = npt.NDArray[np.float64]
Regions = Mapping[str, float]
"""Region to HU; a name of ``exams.REGIONS``. Whatever lies outside the field of view is left out."""

SURE = 0.80
"""Least probability of a phase that is believed without asking (our choice)."""
MOST_VOLUMES = 6
"""More volumes than this are not weighed together: there are 4^n ways to name them."""

_SD_HU = {"aorta": 8.0, "portal_vein": 10.0, "vena_cava": 12.0, "liver": 6.0, "spleen": 8.0, "kidneys": 12.0}
_RELATIVE_SD = {
    "aorta": 0.10, "portal_vein": 0.12, "vena_cava": 0.30, "liver": 0.12, "spleen": 0.20, "kidneys": 0.20,
}  # fmt: skip
"""How far a region may lie from the model: a constant, and a share of the enhancement (physics notes, A, residuals)."""
_OUTLIER = 0.03
_OUTLIER_RANGE_HU = 500.0
"""Share of regions that measure something else, a wrong mask or a stent: anywhere in this range."""
_AGAIN = 0.05
"""Odds of each repeat of a phase, against two different ones."""
_AGAINST_CLOCK = 0.01
"""Odds of an order of phases that the scanner's clock contradicts."""
INTERVAL = (0.025, 0.5, 0.975)
_ENOUGH = 4
"""With so many regions one may lie far off, if the others agree: the network takes something else for an organ now and
then (our choice, after one real scan whose ascites it took for a spleen of 10 HU)."""
_FAR_SQUARED = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognized:
    """What one volume is held for."""

    phase: Phase
    probabilities: Mapping[Phase, float]
    time_s: float
    """Median of the posterior; zero without contrast agent."""
    interval_s: tuple[float, float]
    """Central 95 %."""
    misfit: float
    """Mean squared distance, in standard deviations, of the regions from the likeliest examination; above about 6
    nothing in the model looks like it."""
    odd_region: str = ""
    """The one region that lies far off while the others agree; not counted in ``misfit``."""

    @property
    def sure(self) -> bool:
        """Whether the phase can be taken without asking."""
        return self.probabilities[self.phase] >= SURE


def recognize(
    volumes: Sequence[Regions], *, scan_s: Sequence[float | None] | None = None, exams: Exams | None = None
) -> list[Recognized]:
    """The phase and time of each volume of one patient and one injection, weighed together.

    All volumes share the draws of patient, injection and scanner; sums over the draws are importance sampling from the
    prior, so the probabilities are those of a Bayesian who believes the physics notes.

    Args:
        volumes: for each volume its regions' HU; at least one region each.
        scan_s: when each volume was scanned, on any one clock; None where unknown.
        exams: what to compare with; drawn when None.

    Raises:
        ConfigError: for more than ``MOST_VOLUMES`` volumes.
        PhaseDoubtError: for one without any region.
    """
    if len(volumes) > MOST_VOLUMES:
        raise ConfigError(f"There are {len(volumes)} volumes, at most {MOST_VOLUMES} are told apart. Use --phases.")
    if not all(volumes):
        raise PhaseDoubtError("No vessel or organ that tells the phase was found in a volume. Name it with --phases.")
    exams = exams or draw_exams()
    likelihood = np.stack([log_likelihood(v, exams) for v in volumes])  # (V, E, T)
    weighed = likelihood[:, :, None, :] + exams.log_prior[None]  # (V, E, P, T)
    by_phase = logsumexp(weighed, axis=3)  # (V, E, P)
    ways = np.array(list(product(range(len(Phase)), repeat=len(volumes))))  # (A, V)
    each = np.stack([by_phase[v][:, ways[:, v]] for v in range(len(volumes))])  # (V, E, A)
    score = logsumexp(each.sum(axis=0), axis=0) + _log_odds(ways, scan_s)
    share = np.exp(score - logsumexp(score))
    marginal = [[float(share[ways[:, v] == k].sum()) for k in range(len(Phase))] for v in range(len(volumes))]
    best = ways[int(np.argmax(share))]
    found = []
    for v, (k, regions) in enumerate(zip(best, volumes, strict=True)):
        others = sum((by_phase[u][:, best[u]] for u in range(len(volumes)) if u != v), np.zeros(by_phase.shape[1]))
        at = logsumexp(others[:, None] + weighed[v, :, k], axis=0)
        low, middle, high = _quantiles(np.exp(at - logsumexp(at)))
        found.append(
            Recognized(
                phase=list(Phase)[k],
                probabilities=dict(zip(Phase, marginal[v], strict=True)),
                time_s=middle,
                interval_s=(low, high),
                misfit=_misfit(regions, exams)[0],
                odd_region=_misfit(regions, exams)[1],
            )
        )
    return found


def log_likelihood(regions: Regions, exams: Exams) -> Floats:
    """(E, times): how well each examination explains the regions at each time."""
    total = np.zeros(exams.gain_hu.shape[:2])
    for name, hu in regions.items():
        distance, sd = _distance(name, hu, exams)
        fits = (1 - _OUTLIER) * np.exp(-0.5 * distance**2) / (sd * np.sqrt(2 * np.pi))
        total += np.log(fits + _OUTLIER / _OUTLIER_RANGE_HU)
    return total


def _distance(name: str, hu: float, exams: Exams) -> tuple[Floats, Floats]:
    index = REGIONS.index(name)
    gain = exams.gain_hu[:, :, index]
    sd = np.sqrt(_SD_HU[name] ** 2 + (_RELATIVE_SD[name] * gain) ** 2)
    return (hu - exams.unenhanced_hu[:, index, None] - gain) / sd, sd


def _misfit(regions: Regions, exams: Exams) -> tuple[float, str]:
    """Misfit, and the region that was left out of it, if one had to be."""
    squares = np.stack([_distance(name, hu, exams)[0] ** 2 for name, hu in regions.items()])
    if len(regions) < _ENOUGH:
        return float(squares.mean(axis=0).min()), ""
    worst = squares.max(axis=0)
    others = (squares.sum(axis=0) - worst) / (len(regions) - 1)
    at = np.unravel_index(int(np.argmin(others)), others.shape)
    if worst[at] < _FAR_SQUARED or float(squares.mean(axis=0).min()) <= _FAR_SQUARED / len(regions):
        return float(squares.mean(axis=0).min()), ""
    return float(others[at]), list(regions)[int(squares[:, at[0], at[1]].argmax())]


def _log_odds(ways: npt.NDArray[np.int_], scan_s: Sequence[float | None] | None) -> Floats:
    """What speaks against each way to name the volumes before any HU was measured."""
    repeats = np.array([len(way) - len(set(way.tolist())) for way in ways])
    odds = repeats * np.log(_AGAIN)
    known = [] if scan_s is None else [(s, v) for v, s in enumerate(scan_s) if s is not None]
    for s, v in known:
        for r, u in known:
            if s < r:
                odds = odds + np.log(_AGAINST_CLOCK) * (ways[:, v] > ways[:, u])
    return np.asarray(odds, np.float64)


def _quantiles(share: Floats) -> tuple[float, float, float]:
    if share[0] > 0.5:
        return 0.0, 0.0, 0.0
    cumulative = np.cumsum(share) - share / 2
    low, middle, high = np.interp(INTERVAL, cumulative, TIMES_S)
    return float(low), float(middle), float(high)
