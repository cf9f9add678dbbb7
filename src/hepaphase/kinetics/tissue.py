"""Enhancement of one tissue, exactly: the reference the fast form is held against."""

import numpy as np
import numpy.typing as npt

from ..study.lesions import Tissue
from .circulation import Circulation
from .exponentials import two_exponentials

Floats = npt.NDArray[np.float64]

ARTERIAL_DELAY_S = 1.5
PORTAL_DELAY_S = 0.5
"""From aorta and portal vein to the tissue (estimates of the physics notes, B)."""


def enhancement_mg_ml(tissue: Tissue, circulation: Circulation, times_s: npt.ArrayLike) -> Floats:
    """Iodine in mg per ml of tissue at ``times_s``, (T,); dual input, two compartments (physics notes, B).

    Inputs are linear between the samples of the circulation, and the convolution with each exponential is exact.
    """
    response = two_exponentials(
        tissue.arterial_flow,
        tissue.portal_flow,
        tissue.blood_fraction,
        tissue.interstitium_fraction,
        tissue.permeability,
        haematocrit=circulation.haematocrit,
    )
    time_s, curves = circulation.time_s, circulation.mg_per_ml
    total = np.zeros(np.shape(times_s))
    for rate, amplitude in (
        (response.fast_rate_per_s, response.fast_amplitude_per_s),
        (response.slow_rate_per_s, response.slow_amplitude_per_s),
    ):
        rates = np.array([float(rate)])
        arterial = convolved(time_s, curves["aorta"], rates, times_s, delay_s=ARTERIAL_DELAY_S)[0]
        portal = convolved(time_s, curves["portal_vein"], rates, times_s, delay_s=PORTAL_DELAY_S)[0]
        share = float(response.arterial_fraction)
        total = total + float(amplitude) * (share * arterial + (1 - share) * portal)
    return np.asarray(total)


def convolved(time_s: Floats, curve: Floats, rates_per_s: Floats, times_s: npt.ArrayLike, *, delay_s: float) -> Floats:
    """``curve``, ``delay_s`` later, convolved with exp(-rate t): (rates, T), exact for a piecewise linear curve.

    ``time_s`` (N,) is equally spaced from zero. Times before the injection give zero; times after the curve ends take
    its end.
    """
    step_s = float(time_s[1] - time_s[0])
    held, end, start = _step_weights(rates_per_s, step_s)
    state = np.zeros((len(rates_per_s), len(time_s)))
    for k in range(1, len(time_s)):
        state[:, k] = held * state[:, k - 1] + end * curve[k] + start * curve[k - 1]
    wanted = np.clip(np.asarray(times_s, float) - delay_s, 0.0, time_s[-1])
    low = np.minimum((wanted / step_s).astype(int), len(time_s) - 2)
    gap = wanted - low * step_s
    slope = (curve[low + 1] - curve[low]) / step_s
    rates = rates_per_s[:, None]
    held, end, start = _step_weights(rates, gap)
    return np.asarray(held * state[:, low] + end * (curve[low] + slope * gap) + start * curve[low])


def _step_weights(rates: Floats, step_s: Floats | float) -> tuple[Floats, Floats, Floats]:
    """How much of the state, of the curve at the end and at the start of a step is in the new state."""
    x = np.asarray(rates * step_s, float)
    held = np.exp(-x)
    small = x < 1e-3
    safe = np.where(small, 1.0, x)
    end = np.where(small, 0.5 - x / 6 + x**2 / 24, (1 - (1 - held) / safe) / safe)
    start = np.where(small, 0.5 - x / 3 + x**2 / 8, ((1 - held) / safe - held) / safe)
    return held, np.asarray(end * step_s), np.asarray(start * step_s)
