from itertools import combinations

import pytest

from hepaphase.base.errors import UnknownNameError
from hepaphase.phantom.population import REFERRAL, draw_person
from hepaphase.phantom.seeds import DEMO_SEED, SEED_RANGES, seed_range
from hepaphase.phantom.simulate import draw
from hepaphase.study.lesions import MALIGNANT


def test_ranges_are_disjoint() -> None:
    for one, other in combinations(SEED_RANGES.values(), 2):
        assert max(one.start, other.start) >= min(one.stop, other.stop)


def test_unknown_use_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match="train"):
        seed_range("trian")


def suits_the_demo(seed: int) -> bool:
    if len(draw_person(seed, REFERRAL).classes) < 2:
        return False
    classes = {one.lesion_class for one in draw(seed).lesions if one.long_axis_mm >= 20}
    return len(classes) >= 2 and bool(classes & set(MALIGNANT))


def test_demo_seed_is_the_first_of_its_range_that_suits() -> None:
    assert next(seed for seed in seed_range("demo") if suits_the_demo(seed)) == DEMO_SEED
