"""Power spectrum of simulated noise against the one that was asked for."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from ...base.seeds import stream
from ...phantom.noise import draw_noise
from ...study.geometry import Geometry

Floats = npt.NDArray[np.float64]

RECONSTRUCTIONS = {"FBP": 0.27, "IR30": 0.18, "IR50": 0.14, "MBIR": 0.09}
"""Name to the frequency of the peak, 1/mm (physics notes, C)."""
GRIDS_MM = (0.8, 3.0, 4.0)
"""Pixels of a scan, of the abdomen grid and of the crops."""
SD_HU = 12.0
_PIXELS, _SLICES = 128, 24


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Noise of one reconstruction on one grid."""

    reconstruction: str
    pixel_mm: float
    frequency_per_mm: Floats
    """(F,) middles of rings."""
    power: Floats
    """(F,) measured, so that it adds up to 1."""
    asked: Floats
    """(F,) f exp(-(f / fc)^2) in the same rings, so that it adds up to 1."""
    asked_peak_per_mm: float
    sd_hu: float

    @property
    def peak_per_mm(self) -> float:
        """Peak of the f exp(-(f / fc)^2) that fits best; the grid need not carry it."""

        def missed(peak: float) -> float:
            model = _ideal(self.frequency_per_mm, peak)
            return float(((self.power - model / model.sum()) ** 2).sum())

        return float(minimize_scalar(missed, bounds=(0.02, 0.6), method="bounded").x)

    @property
    def miss(self) -> float:
        """Half the sum of absolute differences of both spectra: the share of power in the wrong ring."""
        return float(np.abs(self.power - self.asked).sum() / 2)


def spectra(*, seed: int = 0) -> list[Spectrum]:
    """Every reconstruction on every grid, 24 slices of 128 by 128 pixels each."""
    return [_spectrum(name, peak, pixel_mm, seed) for pixel_mm in GRIDS_MM for name, peak in RECONSTRUCTIONS.items()]


def _spectrum(name: str, peak: float, pixel_mm: float, seed: int) -> Spectrum:
    slice_mm = 1.5
    geometry = Geometry((_SLICES, _PIXELS, _PIXELS), (pixel_mm, pixel_mm, slice_mm), (0.0, 0.0, 0.0))
    noise = draw_noise(stream(seed, "spectrum", name), geometry, sd_hu=SD_HU, peak_per_mm=peak, slice_mm=slice_mm)
    power = (np.abs(np.fft.fft2(noise.astype(np.float64))) ** 2).mean(axis=0)
    axis = np.fft.fftfreq(_PIXELS, pixel_mm)
    frequency = np.hypot(axis[:, None], axis[None, :])
    edges = np.linspace(0, 0.5 / pixel_mm, 33)
    ring = np.digitize(frequency.ravel(), edges) - 1
    inside = (ring >= 0) & (ring < 32)
    count = np.maximum(np.bincount(ring[inside], minlength=32), 1)
    measured = np.bincount(ring[inside], power.ravel()[inside], minlength=32) / count
    asked = np.bincount(ring[inside], _ideal(frequency, peak).ravel()[inside], minlength=32) / count
    middle = (edges[1:] + edges[:-1]) / 2
    return Spectrum(name, pixel_mm, middle, measured / measured.sum(), asked / asked.sum(), peak, float(noise.std()))


def _ideal(frequency: Floats, peak: float) -> Floats:
    return np.asarray(frequency * np.exp(-((frequency / (np.sqrt(2) * peak)) ** 2)))
