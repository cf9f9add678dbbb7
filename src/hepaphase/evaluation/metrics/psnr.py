"""Peak signal-to-noise ratio over a fixed CT window."""

import numpy as np
import numpy.typing as npt

from ..metric import Metric
from ..window import windowed


def psnr(prediction: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """PSNR in dB of two arrays of one shape, clipped to the window; infinite for equal ones, NaN for empty ones."""
    error = np.square(windowed(prediction) - windowed(truth))
    if not error.size:
        return float("nan")
    mse = float(error.mean())
    return float("inf") if mse == 0 else float(-10 * np.log10(mse))


METRIC = Metric(kind="hu", unit="dB", higher_is_better=True, perfect=float("inf"), compute=psnr)
