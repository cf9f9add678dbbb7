"""Operating points come from committed rows, never by hand."""

import json
from pathlib import Path

import pytest

from hepaphase.base.errors import InputError
from hepaphase.benchmark.operating import make, table
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.bundle.operating import operating_points
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.operating import operating_facts
from hepaphase.evaluation.rows import PatientRow
from hepaphase.study.lesions import LESION_CLASSES

RESULTS = Path(__file__).resolve().parents[2] / "results"


def test_what_ships_is_what_the_rows_say() -> None:
    """The intervals alone are left out, which cost a bootstrap each."""
    reader = Bundle.load(shipped("diagnosis"), kind="diagnosis")
    tests = [RESULTS / "sim-1k", RESULTS / "operating" / "test"]
    made = make(RESULTS / "operating" / "validation", tests, reader, Bootstrap(num_resamples=10))
    held = operating_points(reader)
    assert held is not None
    for facts in (made, held):
        for own in facts["phases"].values():
            own["prediction_set"].get("test", {}).pop("interval", None)
    assert json.loads(json.dumps(made)) == held
    assert "sim-1k-validation" in table({**made, "phases": {}})


def test_thresholds_are_for_one_reader_alone() -> None:
    assert operating_points(Bundle(kind="diagnosis", config={"other": 1})) is None


def patient(case: str, score: float, *, sick: bool) -> PatientRow:
    truth = {key: sick and key == "hcc" for key in LESION_CLASSES}
    return PatientRow(case, truth, dict.fromkeys(LESION_CLASSES, score), score)


def test_a_threshold_lets_as_many_healthy_pass_as_it_was_chosen_for() -> None:
    from tests.evaluation.test_conformal import drawn

    healthy = [patient(f"h{k}", k / 100, sick=False) for k in range(20)]
    sick = [patient(f"s{k}", 0.15 + k / 100, sick=True) for k in range(10)]
    facts = operating_facts(
        ([*healthy, *sick], drawn(30, 1)), ([*healthy, *sick], drawn(30, 2)), Bootstrap(num_resamples=10)
    )
    first = facts["screening"][0]
    assert (first["task"], first["num_positive"], first["num_negative"]) == ("any lesion", 10, 20)
    assert 0.18 < first["threshold"] < 0.19 and first["test"]["specificity"] == 0.95
    assert first["test"]["sensitivity"] == 0.6
    assert 0 < facts["prediction_set"]["test"]["coverage"] <= 1


def test_a_folder_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no rows"):
        make(tmp_path, [], Bundle(kind="diagnosis", config={}))
