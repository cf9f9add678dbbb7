import numpy as np
import pytest

from hepaphase.evaluation.crps import crps_normal, crps_samples


def test_of_one_who_is_sure_it_is_the_absolute_error() -> None:
    truth = np.array([1.0, -2.0, 4.0])
    assert crps_normal(np.zeros(3), np.full(3, 1e-9), truth) == pytest.approx(7 / 3)
    assert crps_samples(np.zeros((4, 3)), truth) == pytest.approx(7 / 3)


def test_samples_agree_with_the_distribution_they_come_from() -> None:
    rng = np.random.default_rng(0)
    mean, sd, truth = rng.normal(0, 20, 4000), rng.uniform(2, 9, 4000), rng.normal(0, 20, 4000)
    exact = crps_normal(mean, sd, truth)
    for num in (2, 16):  # the fair estimate is right for any number of draws
        assert crps_samples(rng.normal(mean, sd, (num, 4000)), truth) == pytest.approx(exact, rel=0.02)


def test_pairs_are_counted_from_the_order() -> None:
    drawn = np.random.default_rng(1).normal(0, 1, (7, 5))
    pairs = np.abs(drawn[:, None] - drawn[None]).sum(axis=(0, 1)) / (7 * 6)
    assert crps_samples(drawn, np.zeros(5)) == pytest.approx(float((np.abs(drawn).mean(axis=0) - pairs / 2).mean()))
