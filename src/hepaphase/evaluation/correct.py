"""Several tests at once: p-values corrected so that one false alarm among them is as rare as one alone should be."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction, in the order given; NaN (a test that could not be made) stays and does not count."""
    p = np.asarray(p_values, float)
    order = [int(k) for k in np.argsort(p, kind="stable") if np.isfinite(p[k])]
    corrected, largest = np.full(len(p), np.nan), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - place) * float(p[index])))
        corrected[index] = largest
    return [float(value) for value in corrected]
