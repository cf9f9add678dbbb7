"""The one window that PSNR and SSIM are computed in."""

import numpy as np
import numpy.typing as npt

LOW_HU, HIGH_HU = -160.0, 240.0
"""Fixed, so that figures can be compared."""


def windowed(hu: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """HU clipped to the window and scaled to 0..1; SSIM wants intensities that are not negative."""
    values = np.asarray(hu, dtype=np.float64)
    return np.asarray((np.clip(values, LOW_HU, HIGH_HU) - LOW_HU) / (HIGH_HU - LOW_HU), dtype=np.float64)
