"""One draw of a phase: what was made, with the noise of the scan it was made from, and with what no scan showed."""

from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..evaluation.physics.exam import noise_of
from ..study.phase import Phase
from ..study.study import HuArray

LIMIT = 3.0
"""Noises within which neighbors count as one tissue (our choice)."""
REACH = 2
"""Voxels to each side."""


def drawn(made_hu: HuArray, scanned_hu: HuArray, *, noise_hu: float) -> HuArray:
    """The scanned phase plus the change of tissue, without what the change takes out of the scan's noise.

    A network reads a voxel that noise made brighter as one that took up more contrast agent, and takes that away: a
    mean holds less noise than any scan. Where the change differs from its neighbors by no more than noise does, it is
    replaced by their mean (sigma filter, Lee 1983, over 5 x 5 x 5 voxels: noise reaches over two); at edges it stays.

    Args:
        made_hu: a generated phase, (z, y, x).
        scanned_hu: the scanned phase nearest to it, on the same grid.
        noise_hu: standard deviation of the noise of the scan on this grid.
    """
    change = np.asarray(made_hu - scanned_hu, np.float32)
    z, y, x = change.shape
    around = np.pad(change, REACH, mode="edge")
    total, number = np.zeros_like(change), np.zeros_like(change)
    for a, b, c in product(range(2 * REACH + 1), repeat=3):
        neighbor = around[a : a + z, b : b + y, c : c + x]
        alike = np.abs(neighbor - change) <= LIMIT * noise_hu
        total += np.where(alike, neighbor, 0)
        number += alike
    return np.asarray(scanned_hu + total / number, dtype=np.float32)


ROUGHNESS = {Phase.NC: 1.0, Phase.AP: 1.10, Phase.PVP: 1.13, Phase.DP: 1.04}
"""Of liver without known vessels and lesions, against that of the non-contrast scan: medians of 261 simulated patients
(``sim-1k-validation``, ``sim-1k-calibration``). The noise is the same; vessels too small to be known stand out."""
_GRAIN = 0.5
"""Width of that structure in voxels (our choice, on validation patients)."""


def with_structure(draw_hu: HuArray, liver: npt.NDArray[np.bool_], *, rough_hu: float) -> HuArray:
    """The draw with fine structure in its liver, of which no scanned phase told, as rough as a true phase.

    Gaussian, at the same places in every phase; none where the draw is as rough already.

    Args:
        draw_hu: (z, y, x).
        liver: where it may stand, (z, y, x).
        rough_hu: what :func:`hepaphase.evaluation.physics.exam.noise_of` finds in the inner liver of a true phase.
    """
    inner = ndimage.binary_erosion(liver)
    missing = rough_hu**2 - noise_of(draw_hu, inner) ** 2
    if missing <= 0:
        return draw_hu
    field = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal(draw_hu.shape, np.float32), _GRAIN)
    field *= np.sqrt(missing) / (noise_of(100 * field, inner) / 100)
    return np.asarray(np.where(liver, draw_hu + field, draw_hu), dtype=np.float32)
