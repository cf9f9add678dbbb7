"""Statistics over patients are those of the definition."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hepaphase.base.errors import ConfigError, InputError
from hepaphase.evaluation.bootstrap import Bootstrap, Interval, interval
from hepaphase.evaluation.patient import Statistic, differences, summarize
from hepaphase.evaluation.rows import PatientRow
from hepaphase.evaluation.table import as_csv, cell, markdown, mean_by_patient
from hepaphase.study.lesions import BENIGN, LESION_CLASSES, MALIGNANT

KEYS = list(LESION_CLASSES)
FAST = Bootstrap(num_resamples=50)


def cohort(num: int = 120, seed: int = 0) -> list[PatientRow]:
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(num):
        truth = {key: n % (len(KEYS) + 1) == k for k, key in enumerate(KEYS)}
        score = {key: float(np.clip(0.5 * truth[key] + 0.5 * rng.random(), 0, 1)) for key in KEYS}
        has = any(truth.values())
        rows.append(
            PatientRow(
                case=f"p{n}",
                truth=truth,
                score=score,
                malignant_score=max(score[k] for k in MALIGNANT),
                num_true=int(has),
                num_found=1,
                num_matched=int(has),
                num_named_right=int(has and rng.random() > 0.3),
                values={"liver_dice": rng.random(), "AP_liver_mae": rng.random() if n % 2 else float("nan")},
            )
        )
    return rows


def test_aucs_are_those_of_scikit_learn() -> None:
    rows = cohort()
    by_name = {s.name: s for s in summarize(rows, FAST)}
    singles = [roc_auc_score([r.truth[k] for r in rows], [r.score[k] for r in rows]) for k in KEYS]
    assert by_name["AUC-8"].interval.value == pytest.approx(np.mean(singles))
    malignant = roc_auc_score([r.malignant for r in rows], [r.malignant_score for r in rows])
    benign = roc_auc_score(
        [any(r.truth[k] for k in BENIGN) for r in rows], [max(r.score[k] for k in BENIGN) for r in rows]
    )
    assert by_name["AUC-2"].interval.value == pytest.approx((malignant + benign) / 2)
    assert by_name["AUC hcc"].num_positive == sum(r.truth["hcc"] for r in rows)


def test_lesion_rates_pool_lesions_and_false_finds_count_on_free_scans() -> None:
    rows = cohort()
    by_name = {s.name: s.interval.value for s in summarize(rows, FAST)}
    assert by_name["lesion recall"] == 1.0
    assert by_name["lesion precision"] == pytest.approx(sum(r.num_matched for r in rows) / len(rows))
    assert by_name["false lesions per lesion-free scan"] == 1.0


def test_values_are_averaged_where_known() -> None:
    rows = cohort()
    by_name = {s.name: s for s in summarize(rows, FAST)}
    known = [r.values["AP_liver_mae"] for r in rows if np.isfinite(r.values["AP_liver_mae"])]
    assert by_name["AP_liver_mae"].interval.value == pytest.approx(np.mean(known))
    assert by_name["AP_liver_mae"].num_patients == len(known)


def test_the_interval_covers_a_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for repeat in range(200):
        values = rng.normal(size=40)
        found = interval(
            lambda index, v=values: float(v[index].mean()), np.zeros(40), Bootstrap(num_resamples=200, seed=repeat)
        )
        hits += found.low <= 0 <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_strata_keep_every_class_in_every_resample() -> None:
    labels = np.array([1] + [0] * 50)
    found = interval(lambda index: float(labels[index].sum()), labels, FAST)
    assert (found.low, found.high) == (1.0, 1.0)


def test_same_seed_same_interval() -> None:
    rows = cohort()
    assert summarize(rows, FAST) == summarize(rows, FAST)


def test_tables_carry_intervals_and_sizes() -> None:
    statistics = summarize(cohort(), FAST)
    text = markdown({"all": statistics, "again": statistics})
    assert "| AUC hcc | " in text
    assert text.count("[") >= 2 * len(statistics)
    assert "num_positive,cohort" in as_csv(statistics, {"cohort": "sim"}).splitlines()[0]


@pytest.mark.parametrize(
    ("num_patients", "num_positive", "shown"),
    [(9, None, "0.750 (too few)"), (40, 4, "0.750 (too few)"), (40, 5, "0.750 [0.500, 0.900]")],
)
def test_a_handful_of_patients_gets_no_interval(num_patients: int, num_positive: int | None, shown: str) -> None:
    assert cell(Statistic("AUC", Interval(0.75, 0.5, 0.9), num_patients, num_positive)) == shown


def test_the_auc_of_a_class_that_no_one_has_is_undefined() -> None:
    text = markdown({"free": summarize(cohort(9)[8:], FAST)})
    assert "| AUC hcc | undefined | 1 | 0 |" in text


def shifted(rows: list[PatientRow], gain: float) -> list[PatientRow]:
    return [
        replace(r, score={k: v + gain * r.truth[k] for k, v in r.score.items()}, values={"liver_dice": 0.25})
        for r in rows
    ]


def test_differences_are_paired_by_patient_whatever_the_order() -> None:
    good, bad = shifted(cohort(), -0.3), shifted(cohort(), -0.35)
    bad = [replace(r, values={}) for r in bad]
    ours, theirs = ({s.name: s for s in summarize(r, FAST)} for r in (good, bad))
    found = {s.name: s for s in differences(good[::-1], bad, FAST)}
    gap = ours["AUC-8"].interval.value - theirs["AUC-8"].interval.value
    assert found["AUC-8"].interval.value == pytest.approx(gap)
    assert found["AUC-8"].interval.low > 0
    apart = theirs["AUC-8"].interval
    assert found["AUC-8"].interval.high - found["AUC-8"].interval.low < apart.high - apart.low
    assert "liver_dice" not in found  # only one of the two has it


def test_a_reading_does_not_differ_from_itself() -> None:
    rows = cohort()
    found = differences(rows, rows, FAST)
    assert [s.name for s in found] == [s.name for s in summarize(rows, FAST)]
    assert all((s.interval.value, s.interval.low, s.interval.high) == (0, 0, 0) for s in found)


def test_other_patients_or_another_truth_cannot_be_paired() -> None:
    rows = cohort(20)
    with pytest.raises(InputError, match="same patients"):
        differences(rows, rows[1:], FAST)
    with pytest.raises(InputError, match="'p3' has another truth"):
        differences(rows, [*rows[:3], replace(rows[3], truth=rows[4].truth), *rows[4:]], FAST)


def test_nobody_cannot_be_summarized() -> None:
    with pytest.raises(InputError):
        summarize([])
    with pytest.raises(ConfigError):
        Bootstrap(num_resamples=2)


def test_a_mean_over_lesions_resamples_whole_patients() -> None:
    cases = [f"p{n:02d}" for n in range(20) for _ in range(2)]
    alike = [float(n % 2) for n in range(20) for _ in range(2)]  # both lesions of a patient say the same
    within = [float(n % 2) for n in range(40)]  # each patient has one of either
    low, high = (float(x) for x in mean_by_patient(cases, alike).split("[")[1].rstrip("]").split(", "))
    assert 0.25 < low < 0.4 and 0.6 < high < 0.75
    assert mean_by_patient(cases, within) == "0.500 [0.500, 0.500]"
    assert mean_by_patient(cases[:6], [1.0] * 5 + [0.0]) == "0.833 (too few)" and mean_by_patient([], []) == ""
