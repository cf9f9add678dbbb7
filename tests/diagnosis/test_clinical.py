import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaphase.diagnosis.clinical import FACTS, known_facts, weigh
from hepaphase.study.lesions import LESION_CLASSES

EVEN = dict.fromkeys(LESION_CLASSES, 1 / len(LESION_CLASSES))
CLINICAL = st.fixed_dictionaries({}, optional={name: st.booleans() for name in FACTS} | {"sex": st.sampled_from("MF")})


@given(CLINICAL, st.floats(0, 1))
def test_probabilities_stay_probabilities(clinical: dict[str, object], weight: float) -> None:
    weighed = weigh(EVEN, clinical, weight=weight)
    assert list(weighed) == list(EVEN)
    assert sum(weighed.values()) == pytest.approx(1)
    assert min(weighed.values()) > 0


def test_the_facts_point_where_the_table_says() -> None:
    assert max(weighed := weigh(EVEN, {"cirrhosis": True, "afp": True}), key=lambda k: weighed[k]) == "hcc"
    assert max(weighed := weigh(EVEN, {"cancer": True, "cea": True}), key=lambda k: weighed[k]) == "metastasis"


def test_without_marks_by_chance_it_is_bayes_rule() -> None:
    """Cirrhosis: 0.75 of patients with an hcc, 0.05 of those with a metastasis."""
    two = {"hcc": 0.2, "metastasis": 0.8}
    assert weigh(two, {"cirrhosis": True}, weight=1)["hcc"] == pytest.approx(0.2 * 0.75 / (0.2 * 0.75 + 0.8 * 0.05))


def test_what_lies_in_many_livers_by_chance_is_not_ruled_out() -> None:
    two = {"hcc": 0.5, "cyst": 0.5}
    cirrhosis = weigh(two, {"cirrhosis": True}, weight=1)
    assert cirrhosis["cyst"] > 0.1 / (0.1 + 0.75)


def test_unknown_facts_weigh_nothing() -> None:
    clinical = {"age": 61, "cirrhosis": None, "afp": "12 ng/ml", "sex": "O", "phase_trust": "untold"}
    assert known_facts(clinical) == {}
    assert weigh(EVEN, clinical) == EVEN


def test_what_the_images_exclude_stays_excluded() -> None:
    assert weigh({"hcc": 0.0, "cyst": 1.0}, {"cirrhosis": True}) == {"hcc": 0.0, "cyst": 1.0}
