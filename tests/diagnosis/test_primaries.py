"""The prior of origins follows the physics notes and what is known, and nothing else moves it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaphase.diagnosis.clinical import known_facts
from hepaphase.diagnosis.primaries import facts_of_origin, mixture, weigh_origins
from hepaphase.study.lesions import METASTASIS_ORIGINS

CLINICAL = st.fixed_dictionaries(
    {}, optional={"cea": st.booleans(), "primary": st.sampled_from(METASTASIS_ORIGINS), "cancer": st.booleans()}
)


def test_the_mixture_is_that_of_the_physics_notes() -> None:
    assert tuple(mixture()) == METASTASIS_ORIGINS and sum(mixture().values()) == pytest.approx(1)
    assert mixture() == pytest.approx(
        {"colorectal": 0.45, "pancreas": 0.12, "breast": 0.1, "gastric": 0.1, "lung": 0.1, "net": 0.06, "other": 0.07}
    )


@given(CLINICAL)
def test_probabilities_stay_probabilities(clinical: dict[str, object]) -> None:
    weighed = weigh_origins(mixture(), clinical)
    assert tuple(weighed) == METASTASIS_ORIGINS and sum(weighed.values()) == pytest.approx(1)
    assert min(weighed.values()) > 0


def test_cea_points_to_the_colon_and_its_absence_away() -> None:
    raised = weigh_origins(mixture(), {"cea": True})["colorectal"]
    assert raised == pytest.approx(0.45 * 0.7 / (0.45 * 0.7 + 0.55 * 0.427))
    assert weigh_origins(mixture(), {"cea": False})["colorectal"] < 0.45


def test_a_known_primary_leads_but_does_not_settle_it() -> None:
    for name in METASTASIS_ORIGINS:
        weighed = weigh_origins(mixture(), {"primary": name})
        assert 0.8 < weighed[name] < 0.95
    assert known_facts({"primary": "lung"}) == {"cancer": True}
    assert known_facts({"primary": "lung", "cancer": False})["cancer"] is False


def test_what_tells_nothing_of_the_origin_weighs_nothing() -> None:
    facts = {"ca19_9": True, "cancer": True, "sex": "F", "cea": "12 ng/ml", "primary": "prostate"}
    assert facts_of_origin(facts) == {}
    assert weigh_origins(mixture(), facts) == pytest.approx(mixture())
