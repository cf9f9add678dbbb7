"""Noise of a scan, with its spectrum, as it is after resampling to a grid."""

import numpy as np
import numpy.typing as npt
from scipy import fft

from ..study.geometry import Geometry

Field = npt.NDArray[np.float32]

_PIXEL_MM, _SLICE_MM = 0.8, 1.5
"""Sampling at which the standard deviation of an exam is stated."""
_LEAK = 1.6
"""Noise on a coarse grid against an ideal filter: real scans have more of low frequency (set on public CT at 4 mm)."""


def draw_noise(
    rng: np.random.Generator, geometry: Geometry, *, sd_hu: float, peak_per_mm: float, slice_mm: float
) -> Field:
    """Noise on ``geometry``, (z, y, x).

    In plane the power is f exp(-(f/fc)^2), whose peak is fc / sqrt 2 (physics notes, C); across slices it is white over
    a slice thickness. What a coarser grid cannot carry is lost, as when a scan is resampled with an anti-aliasing
    filter, so a grid of 4 mm keeps only a part of ``sd_hu``.
    """
    z_mm, y_mm, x_mm = geometry.spacing_zyx_mm
    white = rng.standard_normal(geometry.shape_zyx, dtype=np.float32)
    spectrum = fft.rfftn(white, axes=(1, 2), workers=1)
    f = np.hypot(fft.fftfreq(geometry.shape_zyx[1], y_mm)[:, None], fft.rfftfreq(geometry.shape_zyx[2], x_mm)[None, :])
    power = f * np.exp(-((f / (np.sqrt(2) * peak_per_mm)) ** 2))
    plane = fft.irfftn(spectrum * np.sqrt(power), s=geometry.shape_zyx[1:], axes=(1, 2), workers=1)
    kept = np.sqrt(_power_below(peak_per_mm, 0.5 / max(y_mm, x_mm)) / _power_below(peak_per_mm, 0.5 / _PIXEL_MM))
    kept = min(1.0, _LEAK * kept)
    thick = np.sqrt(_SLICE_MM / max(slice_mm, z_mm, _SLICE_MM))
    return np.asarray(plane * (sd_hu * kept * thick / (plane.std() + 1e-9)), np.float32)


def _power_below(peak_per_mm: float, cutoff_per_mm: float) -> float:
    """Power of the in-plane spectrum up to a frequency."""
    f = np.linspace(0, cutoff_per_mm, 400)
    power = f * np.exp(-((f / (np.sqrt(2) * peak_per_mm)) ** 2)) * 2 * np.pi * f
    return float(np.trapezoid(power, f))
