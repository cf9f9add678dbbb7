import hashlib

import pytest

from hepaphase.base.errors import UnknownNameError
from hepaphase.phantom.cohorts import COHORTS, named_cohort
from hepaphase.phantom.population import draw_person
from hepaphase.phantom.seeds import seed_range
from hepaphase.study.lesions import LESION_CLASSES


@pytest.mark.parametrize("name", COHORTS)
def test_patients_come_from_the_range_of_the_use_each_once(name: str) -> None:
    cohort = named_cohort(name)
    seeds = cohort.seeds()
    assert len(set(seeds)) == len(seeds) == cohort.num_cases
    assert all(seed in seed_range(cohort.use) for seed in seeds)


def test_main_test_has_its_quota_and_stays_as_it_was() -> None:
    cohort = named_cohort("main-test")
    seeds = cohort.seeds()
    people = [draw_person(seed, cohort.population) for seed in seeds]
    assert min(sum(key in person.classes for person in people) for key in LESION_CLASSES) >= cohort.at_least
    frozen = hashlib.sha256(",".join(map(str, seeds)).encode()).hexdigest()[:12]
    assert frozen == "747ef50937e6"


def test_unknown_cohort_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match="main-train"):
        named_cohort("main-trian")
