"""The closed form of tissue against the equations it solves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from hepaphase.kinetics.circulation import Circulation
from hepaphase.kinetics.exponentials import two_exponentials
from hepaphase.kinetics.tissue import ARTERIAL_DELAY_S, PORTAL_DELAY_S, convolved, enhancement_mg_ml
from hepaphase.study.lesions import LIVER_NORMAL, Tissue

TIME_S = np.arange(0, 201, 0.5)
ARTERIAL = 8 * np.exp(-(((TIME_S - 40) / 14) ** 2)) + 2 * (1 - np.exp(-TIME_S / 60))
PORTAL = 5 * np.exp(-(((TIME_S - 65) / 22) ** 2)) + 2 * (1 - np.exp(-TIME_S / 90))
INPUTS = Circulation(
    time_s=TIME_S,
    mg_per_ml={"aorta": ARTERIAL, "portal_vein": PORTAL},
    haematocrit=0.4,
    mass_mg=np.zeros_like(TIME_S),
    urine_mg=np.zeros_like(TIME_S),
)


def by_equations(tissue: Tissue, times_s: list[float]) -> np.ndarray:
    """Blood and interstitium as two differential equations, integrated numerically."""
    arterial, portal = tissue.arterial_flow / 6000, tissue.portal_flow / 6000
    exchange, plasma = tissue.permeability / 6000, 1 - INPUTS.haematocrit

    def slope(t: float, mass: np.ndarray) -> list[float]:
        blood, interstitium = mass[0] / tissue.blood_fraction, mass[1] / tissue.interstitium_fraction
        inflow = arterial * np.interp(t - ARTERIAL_DELAY_S, TIME_S, ARTERIAL, left=0.0)
        inflow += portal * np.interp(t - PORTAL_DELAY_S, TIME_S, PORTAL, left=0.0)
        across = exchange * (blood / plasma - interstitium)
        return [inflow - (arterial + portal) * blood - across, across]

    done = solve_ivp(slope, (0, 200), [0, 0], t_eval=times_s, method="LSODA", rtol=1e-7, atol=1e-9, max_step=1.0)
    return np.asarray(done.y.sum(axis=0))


@pytest.mark.parametrize(
    "tissue",
    [
        LIVER_NORMAL,
        Tissue(0, 281, 11, 0.22, 0.11, 7),
        Tissue(0, 24, 1, 0.95, 0.11, 11),
        Tissue(0, 30, 0, 0.05, 0.3, 0),
        Tissue(0, 0, 40, 0.1, 0.6, 600),
        Tissue(0, 1, 0.5, 0.4, 0.03, 0.5),
    ],
)
def test_the_closed_form_solves_the_equations(tissue: Tissue) -> None:
    times_s = [20.0, 37.0, 70.0, 123.4, 180.0]
    assert enhancement_mg_ml(tissue, INPUTS, times_s) == pytest.approx(by_equations(tissue, times_s), abs=2e-4)


@given(st.floats(1e-5, 4.0), st.floats(0.0, 200.0))
def test_convolution_is_exact_for_a_ramp(rate: float, time_s: float) -> None:
    wanted = max(time_s - 3.0, 0.0)
    x = rate * wanted
    # integral of s exp(-rate (t - s)) over 0..t; its series where the closed form cancels
    exact = wanted**2 * (0.5 - x / 6 + x**2 / 24 - x**3 / 120) if x < 0.02 else (x - 1 + np.exp(-x)) / rate**2
    found = convolved(TIME_S, TIME_S, np.array([rate]), [time_s], delay_s=3.0)
    assert found[0, 0] == pytest.approx(exact, rel=1e-6, abs=1e-9)


@given(
    st.floats(0, 300), st.floats(0, 150), st.floats(0.01, 0.95), st.floats(0.03, 0.6), st.floats(0, 600),
    st.floats(0.25, 0.55),
)  # fmt: skip
def test_area_and_start_of_the_impulse_response(
    arterial: float, portal: float, blood: float, interstitium: float, permeability: float, haematocrit: float
) -> None:
    response = two_exponentials(arterial, portal, blood, interstitium, permeability, haematocrit=haematocrit)
    flow = (arterial + portal) / 6000
    assert response.fast_amplitude_per_s + response.slow_amplitude_per_s == pytest.approx(flow)  # R(0) = F
    assert response.fast_rate_per_s >= response.slow_rate_per_s >= 0
    if flow > 1e-4 and permeability > 0.1:  # the area is the volume of distribution, whatever the exchange
        area = response.fast_amplitude_per_s / response.fast_rate_per_s
        area += response.slow_amplitude_per_s / response.slow_rate_per_s
        assert area == pytest.approx(blood + interstitium / (1 - haematocrit), rel=1e-6)


def test_equal_rates_and_no_exchange_stay_finite() -> None:
    # no exchange and a flow that makes blood as slow as nothing: both rates are zero
    for parameters in [(0, 0, 0.1, 0.1, 0), (1e-9, 0, 0.1, 0.1, 1e-9), (0, 0, 0, 0, 0), (10, 0, 0.1, 0.1, 1e-12)]:
        tissue = Tissue(0, *parameters)
        values = enhancement_mg_ml(tissue, INPUTS, [37.0, 70.0])
        assert np.all(np.isfinite(values)) and np.all(values >= -1e-9)


def test_outside_the_curve_nothing_and_its_end() -> None:
    values = enhancement_mg_ml(LIVER_NORMAL, INPUTS, [-5.0, 0.0, 250.0, 500.0])
    assert values[0] == values[1] == 0
    assert values[2] == pytest.approx(values[3])
