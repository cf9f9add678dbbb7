import math

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.synthesis.facts import NUM_FACTS, fact_numbers, known_of, parse_known, recorded_facts

ALL = {
    "sex": "M",
    "age": 61,
    "cirrhosis": False,
    "height_cm": 175,
    "weight_kg": 80,
    "iodine_mg_per_ml": 350,
    "contrast_ml": 120,
    "contrast_ml_per_s": 4.0,
    "kvp": 100,
}


def test_nothing_known_is_all_zeros() -> None:
    assert not fact_numbers({}).any() and fact_numbers({}).shape == (NUM_FACTS,)
    assert not fact_numbers({"sex": "unknown", "age": "n/a", "cirrhosis": "perhaps", "afp": True}).any()


def test_each_fact_flags_what_it_tells() -> None:
    flags = fact_numbers(ALL)[1 + NUM_FACTS // 2 :]
    assert (flags == 1).all()
    for name in ALL:
        without = fact_numbers({n: v for n, v in ALL.items() if n != name})
        assert (without[1 + NUM_FACTS // 2 :] == 0).any()
    assert (fact_numbers(ALL)[1 : 1 + NUM_FACTS // 2][fact_numbers({})[1 + NUM_FACTS // 2 :] == 1] == 0).all()


def test_the_scale_is_dose_per_weight_times_the_tube() -> None:
    twice = {**ALL, "contrast_ml": 240}
    assert fact_numbers(twice)[0] - fact_numbers(ALL)[0] == pytest.approx(math.log(2), abs=1e-6)
    assert fact_numbers({"kvp": 120})[0] == pytest.approx(0, abs=1e-6)  # the library's own voltage and diameter
    assert fact_numbers({"kvp": 80})[0] == pytest.approx(math.log(41.5 / 25.3), abs=1e-6)
    assert fact_numbers({"contrast_ml": 120, "weight_kg": 80})[0] == 0  # no concentration, no dose


def test_numbers_written_as_text_are_read() -> None:
    as_text = {name: value if isinstance(value, bool) else str(value) for name, value in ALL.items()}
    np.testing.assert_array_equal(fact_numbers(as_text), fact_numbers(ALL))
    assert known_of({"weight_kg": ""}) == {}


@pytest.mark.parametrize("wrong", [{"weight_kg": 4000}, {"kvp": "high"}, {"contrast_ml": -1}, {"height_cm": True}])
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        fact_numbers(wrong)


def test_facts_are_given_as_name_and_value() -> None:
    found = parse_known(["sex=F", "age= 70", "cirrhosis=yes", "weight_kg=55.5"])
    assert found == {"sex": "F", "age": 70.0, "cirrhosis": True, "weight_kg": 55.5}
    for wrong in ("weight=70", "sex", "sex=female", "cirrhosis=maybe", "kvp=500"):
        with pytest.raises(InputError):
            parse_known([wrong])


def test_the_record_of_an_exam_holds_what_is_written_down() -> None:
    exam = {
        "patient": {"height_cm": 170.0, "weight_kg": 66.0, "cardiac_output_factor": 0.7},
        "injection": {"concentration_mg_per_ml": 300.0, "volume_ml": 100.0, "rate_ml_per_s": 3.0},
        "kvp": 80,
    }
    found = recorded_facts(exam)
    assert found == {
        "height_cm": 170.0,
        "weight_kg": 66.0,
        "iodine_mg_per_ml": 300.0,
        "contrast_ml": 100.0,
        "contrast_ml_per_s": 3.0,
        "kvp": 80.0,
    }
    assert recorded_facts({}) == {}
