"""One draw of a phase: what was made, with the noise of the scan it was made from."""

from itertools import product

import numpy as np

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
