"""Structural similarity in three dimensions over a fixed CT window."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from ..metric import Metric
from ..window import windowed

SIGMA_VOXELS = 1.5
RADIUS_VOXELS = 5
K1, K2 = 0.01, 0.03
"""Constants of Wang et al. 2004, IEEE Trans Image Process 13:600."""


def ssim_map(prediction: npt.ArrayLike, truth: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """SSIM at every voxel of two (z, y, x) volumes: Gaussian window, sigma 1.5 voxels, 11 wide (Wang et al. 2004)."""
    x, y = windowed(prediction), windowed(truth)
    mean_x, mean_y = _blur(x), _blur(y)
    var_x = _blur(x * x) - mean_x**2
    var_y = _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    c1, c2 = K1**2, K2**2  # the window is 0..1
    numerator = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return np.asarray(numerator / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)))


def ssim(prediction: npt.ArrayLike, truth: npt.ArrayLike, where: npt.NDArray[np.bool_] | None = None) -> float:
    """Mean SSIM over the volume, or over the voxels of a mask; NaN when the mask is empty."""
    values = ssim_map(prediction, truth)
    values = values if where is None else values[where]
    return float(values.mean()) if values.size else float("nan")


def _blur(volume: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(gaussian_filter(volume, SIGMA_VOXELS, radius=RADIUS_VOXELS, mode="nearest"))


METRIC = Metric(kind="hu", unit="", higher_is_better=True, perfect=1.0, compute=ssim)
