"""In-plane noise power of a region, from patches; frequencies are per voxel."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]

PATCH = 8
"""Voxels along a side of the patches."""
LEAST_PATCHES = 4
RINGS = (0.0625, 0.1875, 0.3125, 0.4375, 0.75)
"""Edges between rings of frequency: around 1/8, 2/8, 3/8 and 4/8 per voxel, corners with the last."""


def patch_power(hu: Floats, inside: Bools) -> npt.NDArray[np.float64] | None:
    """Summed power (8, 8) of half-overlapping patches that lie wholly ``inside``; None where there are fewer than four.

    Args:
        hu: (z, y, x).
        inside: the same shape.
    """
    window = np.hanning(PATCH + 2)[1:-1]
    shape = np.outer(window, window)
    power = np.zeros((PATCH, PATCH))
    number = 0
    for z in range(hu.shape[0]):
        for y in range(0, hu.shape[1] - PATCH + 1, PATCH // 2):
            for x in range(0, hu.shape[2] - PATCH + 1, PATCH // 2):
                place = (z, slice(y, y + PATCH), slice(x, x + PATCH))
                if inside[place].all():
                    patch = np.asarray(hu[place], np.float64)
                    power += np.abs(np.fft.fft2((patch - patch.mean()) * shape)) ** 2
                    number += 1
    if number < LEAST_PATCHES:
        return None
    power[0, 0] = 0
    return power


def mean_frequency(power: npt.NDArray[np.float64]) -> float:
    """Power-weighted mean of the frequency."""
    return float((power * _frequency()).sum() / power.sum())


def ring_shares(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Share of the power in each ring, (4,); they add up to one."""
    ring = np.digitize(_frequency(), RINGS)
    sums = np.array([power[ring == k].sum() for k in range(1, len(RINGS))])
    return np.asarray(sums / sums.sum())


def _frequency() -> npt.NDArray[np.float64]:
    down, across = np.meshgrid(np.fft.fftfreq(PATCH), np.fft.fftfreq(PATCH), indexing="ij")
    return np.asarray(np.hypot(down, across), np.float64)
