import numpy as np
import pytest
from scipy.special import softmax

from hepaphase.base.errors import InputError
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.calibrate import distribution_statistics, fit_temperature


def drawn(num: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (num, 5))
    shares = softmax(logits, axis=1)
    return logits, np.array([rng.choice(5, p=row) for row in shares])


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_the_temperature_that_was_taken_away_is_found(factor: float) -> None:
    logits, truth = drawn()
    assert fit_temperature(logits * factor, truth) == pytest.approx(factor, rel=0.08)


def test_a_calibrated_distribution_has_little_error_and_an_overconfident_one_much() -> None:
    logits, truth = drawn(800)
    fast = Bootstrap(num_resamples=20)
    good, bad = (
        {s.name: s.interval.value for s in distribution_statistics(truth, softmax(k * logits, axis=1), fast)}
        for k in (1, 5)
    )
    name = "calibration error (10 bins)"
    assert good[name] < 0.06 < 0.15 < bad[name]
    assert (
        good["top-1"] == bad["top-1"] < good["top-2"]
        and good["negative log-probability"] < bad["negative log-probability"]
    )
    with pytest.raises(InputError, match="known answer"):
        fit_temperature(np.zeros((0, 5)), np.zeros(0, int))
