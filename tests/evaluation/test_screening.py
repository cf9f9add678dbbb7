"""Operating points are chosen on one cohort and told on another; subgroups are the cohort in parts."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from hepaphase.base.errors import InputError
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.screening import any_lesion, any_score, operating_point, screening
from hepaphase.evaluation.subgroups import groups_of, subgroup_table

from .test_patient import cohort

FAST = Bootstrap(num_resamples=30)


@pytest.mark.parametrize("specificity", [0.5, 0.9, 0.95, 1.0])
def test_the_threshold_is_the_lowest_of_scikit_learns_curve_that_keeps_the_specificity(specificity: float) -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(300) < 0.5
    score = np.round(rng.random(300) + 0.4 * truth, 2)
    threshold = operating_point(score, truth, specificity=specificity)
    false_rate, true_rate, _ = roc_curve(truth, score, drop_intermediate=False)
    assert (score[truth] >= threshold).mean() == pytest.approx(true_rate[false_rate <= 1 - specificity + 1e-9].max())
    assert (score[~truth] < threshold).mean() >= specificity - 1e-9


def test_figures_are_of_the_test_patients_at_the_thresholds_of_the_others() -> None:
    validation, test = cohort(200, seed=1), cohort(150, seed=2)
    found = {s.name: s for s in screening(validation, test, FAST)}
    threshold = operating_point(
        [any_score(r) for r in validation], [any_lesion(r) for r in validation], specificity=0.95
    )
    holders = [r for r in test if any_lesion(r)]
    one = found["sensitivity, any lesion, specificity 0.95 on validation"]
    assert one.interval.value == pytest.approx(np.mean([any_score(r) >= threshold for r in holders]))
    assert one.num_patients == len(holders)
    assert found["false lesions per lesion-free patient"].interval.value == 1
    with pytest.raises(InputError, match="without a finding"):
        operating_point([0.1, 0.2], [True, True], specificity=0.95)


def test_subgroups_add_up_and_unknown_facts_are_said() -> None:
    rows = cohort(90)
    facts = {r.case: {"sex": "F" if n % 3 else "M", "age": 40 + n % 40, "radius_mm": None} for n, r in enumerate(rows)}
    facts["p0"] = {}
    groups = groups_of(facts)
    assert set(groups) == {"sex", "age"}
    assert groups["sex"]["p0"] == "unknown" and groups["age"]["p1"] == "below 50 years"
    assert {groups["age"][f"p{n}"] for n in (12, 30)} == {"50 to 65 years", "65 years and more"}
    table = subgroup_table(rows, groups, FAST)
    sizes = [int(line.split("|")[2]) for line in table.splitlines() if "sex:" in line]
    assert sum(sizes) == 90 and "| everyone | 90 |" in table


def test_sizes_scanners_and_phases_group_too() -> None:
    facts = {
        "a": {"radius_mm": 7.0, "scanner": "GE", "phases": ("NC", "PVP"), "cirrhosis": True},
        "b": {"scanner": "Siemens", "phases": ("NC",), "cirrhosis": False},
    }
    groups = groups_of(facts)
    assert groups["largest lesion, radius"] == {"a": "5 to 10 mm", "b": "none"}
    assert groups["phases"] == {"a": "NC, PVP", "b": "NC"}
    assert groups["cirrhosis"] == {"a": "yes", "b": "no"}
    row = replace(cohort(1)[0], case="zz")
    assert "largest" not in subgroup_table([row], groups, FAST)
