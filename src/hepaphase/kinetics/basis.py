"""The fast form: enhancement of many voxels at a few times as one matrix product.

The convolution of an input with exp(-rate t) is tabulated for 49 rates; any other rate is a cubic Lagrange mixture of
four of them in ln(rate). Enhancement is then linear in the tables (physics notes, B).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .circulation import Circulation
from .exponentials import TwoExponentials, two_exponentials
from .tissue import ARTERIAL_DELAY_S, PORTAL_DELAY_S, convolved

Floats = npt.NDArray[np.float64]

RATES_PER_S: Floats = np.geomspace(5e-4, 3.0, 49)
"""(49,) rates of the table."""
LOG_STEP = float(np.log(RATES_PER_S[1] / RATES_PER_S[0]))


@dataclass(frozen=True, slots=True)
class Basis:
    """Inputs convolved with each exponential of the table, mg s per ml; each (49, T)."""

    arterial: Floats
    portal: Floats


def make_basis(circulation: Circulation, times_s: npt.ArrayLike) -> Basis:
    """The tables of one circulation at ``times_s``, (T,)."""
    curves = circulation.mg_per_ml
    return basis_of_curves(circulation.time_s, curves["aorta"], curves["portal_vein"], times_s)


def basis_of_curves(
    time_s: Floats, arterial_mg_per_ml: Floats, portal_mg_per_ml: Floats, times_s: npt.ArrayLike
) -> Basis:
    """The tables of two input curves, (N,) at equally spaced ``time_s`` from zero, at ``times_s``, (T,)."""
    return Basis(
        arterial=convolved(time_s, arterial_mg_per_ml, RATES_PER_S, times_s, delay_s=ARTERIAL_DELAY_S),
        portal=convolved(time_s, portal_mg_per_ml, RATES_PER_S, times_s, delay_s=PORTAL_DELAY_S),
    )


def basis_weights(
    arterial_flow: npt.ArrayLike,
    portal_flow: npt.ArrayLike,
    blood_fraction: npt.ArrayLike,
    interstitium_fraction: npt.ArrayLike,
    permeability: npt.ArrayLike,
    *,
    haematocrit: float,
) -> tuple[Floats, Floats]:
    """Weights of the arterial and the portal table, each (..., 49), for parameters of one shape (...)."""
    response = two_exponentials(
        arterial_flow, portal_flow, blood_fraction, interstitium_fraction, permeability, haematocrit=haematocrit
    )
    weights = response_weights(response)
    share = response.arterial_fraction[..., None]
    return weights * share, weights * (1 - share)


def response_weights(response: TwoExponentials) -> Floats:
    """Weights (..., 49) of the tables for an impulse response, both inputs alike."""
    fast = response.fast_amplitude_per_s[..., None] * rate_weights(response.fast_rate_per_s)
    slow = response.slow_amplitude_per_s[..., None] * rate_weights(response.slow_rate_per_s)
    return np.asarray(fast + slow)


def rate_weights(rate_per_s: npt.ArrayLike) -> Floats:
    """Cubic Lagrange weights (..., 49) of a rate among those of the table.

    A rate above the table becomes a mixture of two fast ones with its area (1/rate) and mean (1/rate^2), which is all
    that an input sampled twice a second can tell; a rate below is extrapolated from three slow ones, quadratic in rate.
    """
    rate = np.asarray(rate_per_s, float)
    inside = np.clip(rate, RATES_PER_S[0], RATES_PER_S[-1])
    position = np.log(inside / RATES_PER_S[0]) / LOG_STEP
    first = np.clip(np.floor(position).astype(int) - 1, 0, len(RATES_PER_S) - 4)
    x = position - first  # 0..3 between the four nodes
    nodes = np.stack(
        [
            -(x - 1) * (x - 2) * (x - 3) / 6,
            x * (x - 2) * (x - 3) / 2,
            -x * (x - 1) * (x - 3) / 2,
            x * (x - 1) * (x - 2) / 6,
        ],
        axis=-1,
    )
    weights = np.zeros((*rate.shape, len(RATES_PER_S)))
    np.put_along_axis(weights, first[..., None] + np.arange(4), nodes, axis=-1)
    above = rate > RATES_PER_S[-1]
    weights[above] = _above_table(rate[above])
    below = rate < RATES_PER_S[0]
    weights[below] = _below_table(rate[below])
    return weights


def _below_table(rate: Floats) -> Floats:
    """Weights (N, 49) on three slow rates, exact for what is quadratic in rate, as exp(-rate t) nearly is there."""
    picks = (0, 4, 8)
    weights = np.zeros((len(rate), len(RATES_PER_S)))
    for i in picks:
        others = [RATES_PER_S[j] for j in picks if j != i]
        weights[:, i] = np.prod([(rate - r) / (RATES_PER_S[i] - r) for r in others], axis=0)
    return weights


def _above_table(rate: Floats) -> Floats:
    """Weights (N, 49) on two rates of the table, with the area and the mean of exp(-rate t)."""
    (i, slow), (j, fast) = ((k, RATES_PER_S[k]) for k in (-5, -1))
    area, mean = 1 / rate, 1 / rate**2
    weights = np.zeros((len(rate), len(RATES_PER_S)))
    weights[:, i] = (mean - area / fast) / (1 / slow**2 - 1 / (slow * fast))
    weights[:, j] = (area - weights[:, i] / slow) * fast
    return weights


def enhancement(weights: tuple[Floats, Floats], basis: Basis) -> Floats:
    """Iodine in mg per ml, (..., T), for ``basis_weights`` (..., 49)."""
    arterial, portal = weights
    return np.asarray(arterial @ basis.arterial + portal @ basis.portal)
