import hashlib

import pytest

from hepaphase.base.errors import ConfigError, UnknownNameError
from hepaphase.phantom.cohorts import COHORTS, GROUPS, cohort_parts, named_cohort
from hepaphase.phantom.population import draw_person
from hepaphase.phantom.seeds import seed_range
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import Phase

FIXED = [name for name, cohort in COHORTS.items() if cohort.num_cases is not None]
FROZEN = {
    "main-train": "404d8b9c041f",
    "main-validation": "f5364e34a4fe",
    "main-test": "747ef50937e6",
    "main-test-2": "2c317a9ba273",
    "sim-small": "f528ac49a4a8",
    "sim-1k-validation": "20d09a506eb1",
    "sim-1k-calibration": "28b8cf03a8c6",
    "sim-1k-test": "2afcaef4be9a",
    "sim-ext": "75163a35e143",
    "sim-screen": "9fae02ab5b9a",
}


@pytest.mark.parametrize("name", FIXED)
def test_patients_come_from_the_range_of_the_use_each_once_and_stay_the_same(name: str) -> None:
    cohort = named_cohort(name)
    seeds = cohort.seeds()
    assert len(set(seeds)) == len(seeds) == cohort.num_cases
    assert all(seed in seed_range(cohort.use) for seed in seeds)
    assert hashlib.sha256(",".join(map(str, seeds)).encode()).hexdigest()[:12] == FROZEN[name]


@pytest.mark.parametrize("name", [name for name in FIXED if COHORTS[name].at_least])
def test_topped_up_cohorts_hold_their_quota_and_a_weight_for_each(name: str) -> None:
    cohort = named_cohort(name)
    people = [draw_person(seed, cohort.population) for seed in cohort.seeds()]
    assert min(sum(key in person.classes for person in people) for key in LESION_CLASSES) >= cohort.at_least
    weights = cohort.weights()
    assert list(weights) == cohort.seeds() and min(weights.values()) > 0


def test_the_reference_cohort_has_more_than_sixty_of_each_class_and_folders_of_its_parts() -> None:
    assert COHORTS["sim-1k-test"].num_cases == 1000 and COHORTS["sim-1k-test"].at_least > 60
    assert COHORTS["sim-1k-validation"].num_cases == 200
    assert cohort_parts("sim-1k") == {"validation": "sim-1k-validation", "test": "sim-1k-test"}
    assert cohort_parts("sim-ext") == {"": "sim-ext"}
    assert not set(GROUPS) & set(COHORTS)


def test_screening_scans_without_contrast_and_finds_little() -> None:
    cohort = named_cohort("sim-screen")
    assert cohort.population.phases == (Phase.NC,)
    people = [draw_person(seed, cohort.population) for seed in cohort.seeds()]
    free = sum(not person.classes for person in people) / len(people)
    malignant = sum(bool({"hcc", "icc", "metastasis"} & set(person.classes)) for person in people) / len(people)
    assert free > 0.8 and 0.01 < malignant < 0.03


def test_training_patients_are_a_stream_of_as_many_as_asked() -> None:
    cohort = named_cohort("sim-1k-train")
    assert cohort.seeds(3) == list(seed_range("train")[:3])
    assert cohort.weights() == {}
    for number in (None, len(seed_range("train")) + 1):
        with pytest.raises(ConfigError, match="--cases"):
            cohort.seeds(number)
    with pytest.raises(ConfigError, match="has 24 patients, not 3"):
        named_cohort("sim-small").seeds(3)


def test_a_group_is_no_single_cohort() -> None:
    with pytest.raises(ConfigError, match="sim-1k-test"):
        named_cohort("sim-1k")


def test_unknown_cohort_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match="main-train"):
        named_cohort("main-trian")
