import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaphase.diagnosis.clinical import FACTS, known_facts, weigh, weigh_map
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


def test_a_map_is_weighed_voxel_by_voxel_and_its_background_stays() -> None:
    rng = np.random.default_rng(0)
    semantic = rng.dirichlet(np.ones(len(LESION_CLASSES) + 1), (2, 3, 4)).transpose(3, 0, 1, 2).astype(np.float32)
    semantic[:-1, 0, 0, 0], semantic[-1, 0, 0, 0] = 0, 1
    facts = {"cirrhosis": True, "sex": "F"}
    found = weigh_map(semantic, facts)
    assert np.array_equal(found[-1], semantic[-1]) and np.allclose(found.sum(axis=0), 1, atol=1e-6)
    column = semantic[:, 1, 2, 3]
    inside = 1 - float(column[-1])
    wanted = weigh(dict(zip(LESION_CLASSES, (column[:-1] / inside).tolist(), strict=True)), facts)
    assert found[:-1, 1, 2, 3] / inside == pytest.approx(list(wanted.values()), rel=1e-4)
    assert weigh_map(semantic, {}) is semantic
