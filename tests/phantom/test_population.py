from typing import Any

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.phantom.choose import choose_seeds
from hepaphase.phantom.population import REFERRAL, Population, draw_person
from hepaphase.phantom.seeds import seed_range
from hepaphase.study.lesions import LESION_CLASSES

PEOPLE = [draw_person(seed, REFERRAL) for seed in range(6000)]


def test_test_patients_hold_enough_of_every_class() -> None:
    seeds = choose_seeds(seed_range("test"), 400, at_least=30)
    people = [draw_person(seed, REFERRAL) for seed in seeds]
    assert len(set(seeds)) == 400
    for key in LESION_CLASSES:
        assert sum(key in person.classes for person in people) >= 30
    assert 0.15 < np.mean([not person.classes for person in people]) < 0.35


def test_a_range_too_short_for_its_quota_is_refused() -> None:
    with pytest.raises(ConfigError, match="too short"):
        choose_seeds(range(20), 15, at_least=10)


def test_shares_of_classes_and_findings_are_those_of_the_table() -> None:
    assert np.mean([not person.classes for person in PEOPLE]) == pytest.approx(0.30 * 0.88, abs=0.03)
    hcc = [person for person in PEOPLE if person.classes[:1] == ("hcc",)]
    row = LESION_CLASSES["hcc"]
    assert len(hcc) / len(PEOPLE) == pytest.approx(0.7 * row.prevalence, abs=0.02)
    for finding in ("hbv", "afp", "ca19_9", "cea", "cancer"):
        share = np.mean([person.clinical[finding] for person in hcc])
        assert share == pytest.approx(getattr(row.markers, finding), abs=0.05)
    assert np.mean([person.cirrhosis for person in hcc]) == pytest.approx(row.cirrhosis, abs=0.05)


def test_hepatitis_goes_with_cirrhosis() -> None:
    hcc = [person for person in PEOPLE if person.classes[:1] == ("hcc",)]
    share = [np.mean([p.clinical["hbv"] for p in hcc if p.cirrhosis is wanted]) for wanted in (True, False)]
    assert share[0] > share[1] + 0.15


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match="lesion_free"):
        Population(name="odd", lesion_free=share)


def test_shares_of_a_population_of_its_own_are_kept() -> None:
    population = Population(name="odd", lesion_free=0.5, shares=(("fnh", 3.0), ("hcc", 1.0)))
    mains = [draw_person(seed, population).classes[:1] for seed in range(1500)]
    assert mains.count(("fnh",)) / 1500 == pytest.approx(0.375, abs=0.04) and ("icc",) not in mains


@pytest.mark.parametrize("wrong", [{"shares": (("hcx", 1.0),)}, {"shares": (("hcc", -1.0),)}, {"phases": ()}])
def test_a_population_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Population(name="odd", lesion_free=0.5, **wrong)
