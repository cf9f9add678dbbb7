"""What is written beside every row of patients."""

from pathlib import Path

from hepaphase.benchmark.order import Order


def test_the_facts_name_the_cohort_and_say_when_a_run_was_a_trial(tmp_path: Path) -> None:
    facts = Order(training="base", seed=2).facts(tmp_path / "sim-1k-test", num_steps=1000)
    assert facts["cohort"] == "sim-1k-test"
    assert (facts["seed"], facts["steps"], facts["recipe"]) == ("2", "1000", "table")
    assert not facts["scale"].endswith("quick")
    tried = Order(training="base", quick=True, cohort="ours").facts(tmp_path, num_steps=3)
    assert tried["cohort"] == "ours"
    assert tried["scale"].endswith("quick")
