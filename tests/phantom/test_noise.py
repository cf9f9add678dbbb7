import numpy as np
import pytest

from hepaphase.base.seeds import stream
from hepaphase.phantom.noise import draw_noise
from hepaphase.study.geometry import Geometry


@pytest.mark.parametrize("peak_per_mm", [0.14, 0.18, 0.27])
def test_power_spectrum_peaks_where_it_should(peak_per_mm: float) -> None:
    pixel_mm = 0.8
    grid = Geometry((12, 128, 128), (pixel_mm, pixel_mm, 1.5), (0.0, 0.0, 0.0))
    noise = draw_noise(stream(1, "test"), grid, sd_hu=12.0, peak_per_mm=peak_per_mm, slice_mm=1.5)
    assert noise.std() == pytest.approx(12.0, rel=0.05)
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0)
    f = np.fft.fftfreq(128, pixel_mm)
    radius = np.hypot(f[:, None], f[None])
    rings = np.round(radius / 0.02).astype(int)
    profile = np.bincount(rings.ravel(), power.ravel()) / np.bincount(rings.ravel())
    assert np.argmax(profile[: int(0.6 / 0.02)]) * 0.02 == pytest.approx(peak_per_mm, abs=0.045)


def test_thicker_slices_and_coarser_grids_are_less_noisy() -> None:
    def sd(spacing_mm: float, slice_mm: float) -> float:
        grid = Geometry((8, 48, 48), (spacing_mm, spacing_mm, spacing_mm), (5.0, -3.0, 11.0))
        noise = draw_noise(stream(2, "test"), grid, sd_hu=12.0, peak_per_mm=0.27, slice_mm=slice_mm)
        return float(noise.std())

    assert sd(0.8, 1.5) > sd(0.8, 5.0)
    assert sd(0.8, 1.5) > sd(2.0, 1.5) > sd(4.0, 1.5) > 0.5
