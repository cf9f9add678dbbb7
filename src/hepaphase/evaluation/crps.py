"""Continuous ranked probability score: error and doubt in one number, in the unit of the values."""

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.floating]


def crps_normal(mean: Floats, sd: Floats, truth: Floats) -> float:
    """Mean score of normal distributions (Gneiting and Raftery 2007, eq. 21); the absolute error where sd is none.

    Args:
        mean: (n,).
        sd: (n,), positive.
        truth: (n,).
    """
    wide = np.asarray(sd, np.float64)
    z = (np.asarray(truth, np.float64) - mean) / wide
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return float((wide * (z * special.erf(z / np.sqrt(2)) + 2 * density - 1 / np.sqrt(np.pi))).mean())


def crps_samples(samples: Floats, truth: Floats) -> float:
    """Mean score of what was drawn: distance to the truth less half the distance between two draws.

    The fair estimate (Ferro 2014), which few draws do not bias: two draws are never the same one.

    Args:
        samples: (draws, n), two draws or more.
        truth: (n,).
    """
    num = len(samples)
    assert num > 1, f"{num} draw; a spread needs two"
    drawn = np.sort(np.asarray(samples, np.float64), axis=0)
    ranks = 2 * np.arange(1, num + 1) - num - 1  # sum of distances of all pairs, from the order alone
    between = np.tensordot(ranks, drawn, axes=1) * 2 / (num * (num - 1))
    return float((np.abs(drawn - truth).mean(axis=0) - between / 2).mean())
