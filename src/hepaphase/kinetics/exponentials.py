"""The impulse response of tissue with two exchanging compartments: a sum of two exponentials."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PER_S_PER_ML = 1.0 / 6000.0
"""mL/min per 100 mL of tissue, in mL/s per mL."""
_SMALLEST_GAP = 1e-6


@dataclass(frozen=True, slots=True)
class TwoExponentials:
    """R(t) = a1 exp(-l1 t) + a2 exp(-l2 t), split over the arterial and the portal input; arrays of one shape."""

    fast_rate_per_s: Floats
    slow_rate_per_s: Floats
    fast_amplitude_per_s: Floats
    slow_amplitude_per_s: Floats
    arterial_fraction: Floats


def two_exponentials(
    arterial_flow: npt.ArrayLike,
    portal_flow: npt.ArrayLike,
    blood_fraction: npt.ArrayLike,
    interstitium_fraction: npt.ArrayLike,
    permeability: npt.ArrayLike,
    *,
    haematocrit: float,
) -> TwoExponentials:
    """Rates and amplitudes of tissue (physics notes, B); flows and permeability in mL/min per 100 mL.

    Blood of fraction v_b is fed by F and exchanges plasma with interstitium of fraction v_e. Without blood there is no
    enhancement. Volumes and rates are kept off zero by amounts that change no curve by 1e-4 HU.
    """
    arterial = np.asarray(arterial_flow, float) * PER_S_PER_ML
    portal = np.asarray(portal_flow, float) * PER_S_PER_ML
    flow = arterial + portal
    permeability_s = np.asarray(permeability, float) * PER_S_PER_ML
    blood = np.maximum(np.asarray(blood_fraction, float), 1e-4)
    tissue = np.maximum(np.asarray(interstitium_fraction, float), 1e-4)
    plasma = 1 - haematocrit
    a, b = (flow + permeability_s / plasma) / blood, permeability_s / blood
    c, d = permeability_s / (plasma * tissue), permeability_s / tissue
    half = np.sqrt(np.maximum(((a - d) / 2) ** 2 + b * c, _SMALLEST_GAP**2))
    fast, slow = (a + d) / 2 + half, (a + d) / 2 - half
    fast_amplitude = (flow**2 / blood - slow * flow) / (fast - slow)
    return TwoExponentials(
        fast_rate_per_s=fast,
        slow_rate_per_s=np.maximum(slow, 0.0),
        fast_amplitude_per_s=fast_amplitude,
        slow_amplitude_per_s=flow - fast_amplitude,
        arterial_fraction=arterial / np.maximum(flow, 1e-12),
    )
