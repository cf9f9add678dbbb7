import numpy as np
import pytest

from hepaphase.phantom.choose import choose_seeds, sampling_weights
from hepaphase.phantom.population import SIM_REFERRAL, draw_person
from hepaphase.phantom.seeds import seed_range
from hepaphase.study.lesions import LESION_CLASSES

RANGE = seed_range("test")
ASKED = {"num": 300, "at_least": 25, "more": {"calcification": 60}}


def test_quota_of_a_class_can_be_raised() -> None:
    people = [draw_person(seed, SIM_REFERRAL) for seed in choose_seeds(RANGE, population=SIM_REFERRAL, **ASKED)]
    counts = {key: sum(key in person.classes for person in people) for key in LESION_CLASSES}
    assert counts["calcification"] == 60 and min(counts.values()) >= 25


def test_weights_give_back_the_prevalence_of_the_population() -> None:
    weights = sampling_weights(RANGE, population=SIM_REFERRAL, **ASKED)
    assert list(weights) == choose_seeds(RANGE, population=SIM_REFERRAL, **ASKED)
    assert np.mean(list(weights.values())) == pytest.approx(1) and min(weights.values()) > 0.05
    everybody = [draw_person(seed, SIM_REFERRAL).classes for seed in range(5000)]
    for key in ("calcification", "fnh", "other"):  # those that were topped up
        here = sum(weight for seed, weight in weights.items() if key in draw_person(seed, SIM_REFERRAL).classes) / 300
        assert here == pytest.approx(np.mean([key in classes for classes in everybody]), abs=0.01)


def test_nothing_topped_up_weighs_one() -> None:
    weights = sampling_weights(RANGE, 50, at_least=0, population=SIM_REFERRAL)
    assert set(weights.values()) == {1.0}
