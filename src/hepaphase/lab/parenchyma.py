"""Parenchyma of one phase around a place: its smooth part, its texture, and a plausible filling of a hole."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.geometry import Geometry

Field = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

SMOOTH_MM = 6.0
"""Standard deviation of the filter that parts smooth from texture (our choice: wider than texture)."""
_LOOK_MM = 1.5
"""Standard deviation of the filter with which vessels are looked for."""
_OUTLIER = 2.5
_NUM_PLACES, _NUM_KEPT = 300, 6
_FEWEST = 50


@dataclass(frozen=True, slots=True)
class Parenchyma:
    """One phase in a box around a place, all (z, y, x)."""

    smooth: Field
    """HU of the liver without texture, also where there is a hole."""
    texture: Field
    """HU that voxels of clean liver have beyond that; 0 elsewhere."""
    clean: Bools
    """Liver without vessels, lesions and the hole."""


def look_at(hu: Field, liver: Bools, avoid: Bools, geometry: Geometry) -> Parenchyma:
    """Part a phase into smooth and texture.

    Args:
        hu: (z, y, x).
        liver: all of the liver in the box.
        avoid: the hole and other lesions.
        geometry: of the box.
    """
    clean = liver & ~avoid
    if np.count_nonzero(clean) < _FEWEST:
        clean = liver.copy()
    sigma = np.asarray([_LOOK_MM / s for s in geometry.spacing_zyx_mm])
    seen = ndimage.gaussian_filter(hu, sigma, truncate=2.5)
    for _ in range(2):  # vessels shift the middle at first
        middle = float(np.median(seen[clean]))
        spread = 1.4826 * float(np.median(np.abs(seen[clean] - middle))) + 0.5
        clean = clean & (np.abs(seen - middle) < _OUTLIER * spread)
    smooth = _smooth(hu, clean, geometry)
    texture = np.where(clean, hu - smooth, 0).astype(np.float32)
    return Parenchyma(smooth, texture, clean)


def _smooth(hu: Field, clean: Bools, geometry: Geometry) -> Field:
    """Normalised convolution; where nothing clean is near, with wider and wider filters."""
    out = np.full(hu.shape, np.median(hu[clean]) if clean.any() else 0.0, np.float32)
    have = clean.astype(np.float32)
    for sigma_mm in (8 * SMOOTH_MM, 4 * SMOOTH_MM, 2 * SMOOTH_MM, SMOOTH_MM):
        step = max(1, int(sigma_mm / 3 / max(geometry.spacing_xyz_mm)))
        cut = tuple(slice(None, None, step) for _ in range(3)) if step > 1 else (slice(None),) * 3
        weight, value = have, np.where(clean, hu, 0).astype(np.float32)
        if step > 1:
            weight, value = (ndimage.uniform_filter(a, step)[cut] for a in (weight, value))
        sigma = [sigma_mm / s / step for s in geometry.spacing_zyx_mm]
        weight, value = (ndimage.gaussian_filter(a, sigma, mode="constant", truncate=3.0) for a in (weight, value))
        trust = np.clip(weight / 0.1, 0, 1)
        mean = np.where(weight > 1e-4, value / np.maximum(weight, 1e-4), 0)
        if step > 1:
            trust, mean = (_to_shape(a, hu.shape, step) for a in (trust, np.where(weight > 1e-4, mean, np.nan)))
            trust, mean = np.where(np.isnan(mean), 0, trust), np.nan_to_num(mean)
        out += trust * (mean - out)
    return out.astype(np.float32)


def _to_shape(array: Field, shape: tuple[int, ...], step: int) -> Field:
    """An array of every ``step``-th voxel back at all voxels."""
    index = [np.minimum(np.arange(n) / step, m - 1) for n, m in zip(shape, array.shape, strict=True)]
    out = array
    for axis, at in enumerate(index):
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, array.shape[axis] - 1)
        t = (at - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        out = np.take(out, low, axis) * (1 - t) + np.take(out, high, axis) * t
    return np.asarray(out, np.float32)


def choose_donors(rng: np.random.Generator, hole: Bools, clean: Bools) -> npt.NDArray[np.int_]:
    """Shifts in voxels, (K, 3) zyx, best first, that carry ``hole`` to where most of it is clean liver."""
    places, at = np.argwhere(clean), np.argwhere(hole)
    if not len(places) or not len(at):
        return np.zeros((0, 3), int)
    some = at[rng.integers(len(at), size=min(len(at), 400))]
    shifts = places[rng.integers(len(places), size=_NUM_PLACES)] - np.round(at.mean(axis=0)).astype(int)
    share = [float(np.count_nonzero(_read(clean, some + shift, False))) for shift in shifts]
    return np.asarray(shifts[np.argsort(share)[::-1][:_NUM_KEPT]])


def borrow_texture(
    rng: np.random.Generator, parenchyma: Parenchyma, where: Bools, shifts: npt.NDArray[np.int_]
) -> Field:
    """Texture for the voxels of ``where``, copied from elsewhere in the same phase; 0 in the others.

    What no shift brings a clean voxel to takes the texture of one picked at random.
    """
    at = np.argwhere(where)
    values = np.full(len(at), np.nan, np.float32)
    for shift in shifts:
        lack = np.isnan(values)
        if not lack.any():
            break
        values[lack] = np.where(
            _read(parenchyma.clean, at[lack] + shift, False),
            _read(parenchyma.texture, at[lack] + shift, 0.0),
            np.nan,
        )
    lack = np.isnan(values)
    pool = parenchyma.texture[parenchyma.clean]
    values[lack] = pool[rng.integers(len(pool), size=int(lack.sum()))] if len(pool) else 0.0
    out = np.zeros(where.shape, np.float32)
    out[where] = values
    return out


def _read(array: npt.NDArray[np.generic], at: npt.NDArray[np.int_], outside: object) -> npt.NDArray[np.generic]:
    """Values at (N, 3) indices, ``outside`` where there are none."""
    inside = np.all((at >= 0) & (at < array.shape), axis=1)
    out = np.full(len(at), outside, array.dtype)
    out[inside] = array[tuple(at[inside].T)]
    return out
