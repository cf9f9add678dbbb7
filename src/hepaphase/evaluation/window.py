"""The one window that PSNR and SSIM are computed in."""

import numpy as np
import numpy.typing as npt

LOW_HU, HIGH_HU = -160.0, 240.0
"""Fixed, so that figures can be compared."""
WIDTH_HU = HIGH_HU - LOW_HU


def windowed(hu: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """HU clipped to the window."""
    return np.asarray(np.clip(np.asarray(hu, float), LOW_HU, HIGH_HU))
