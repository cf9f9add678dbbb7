from dataclasses import replace

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError, InputError
from hepaphase.evaluation.bootstrap import Bootstrap, Interval
from hepaphase.evaluation.equivalence import Verdict, in_both, table, verdicts
from hepaphase.evaluation.rows import PatientRow
from hepaphase.study.lesions import LESION_CLASSES


def reading(seed: int, *, skill: float, num: int = 160) -> list[PatientRow]:
    truth_rng, rng = np.random.default_rng(0), np.random.default_rng(seed)
    keys = list(LESION_CLASSES)
    rows = []
    for number in range(num):
        one = keys[int(truth_rng.integers(len(keys)))]
        truth = {k: k == one for k in keys}
        score = {k: skill * truth[k] + float(rng.normal()) for k in keys}
        rows.append(PatientRow(case=f"p{number}", truth=truth, score=score, malignant_score=score["hcc"]))
    return rows


def test_a_reading_is_equivalent_to_itself_a_little_changed_and_worse_than_a_better_one() -> None:
    config = Bootstrap(num_resamples=40)
    one = reading(1, skill=2.0)
    nearly = [replace(row, score={k: v + 1e-3 * i for k, v in row.score.items()}) for i, row in enumerate(one)]
    found = {v.name: v for v in verdicts(nearly, one, config=config)}
    assert found["AUC-8"].words == "equivalent" and found["AUC-8"].num_patients == 160
    blind = {v.name: v for v in verdicts(reading(2, skill=0.2), one, config=config)}
    assert blind["AUC-8"].words == "worse, beyond the margin" and blind["AUC-8"].difference.value < -0.2
    assert "| AUC-8 |" in table(list(blind.values()))


@pytest.mark.parametrize(
    ("outer", "inner", "words"),
    [
        ((-0.01, 0.015), (-0.008, 0.012), "equivalent"),
        ((-0.03, 0.015), (-0.025, 0.01), "undecided"),
        ((-0.03, -0.001), (-0.028, -0.003), "worse"),
        ((0.001, 0.05), (0.004, 0.04), "better"),
        ((0.03, 0.05), (0.032, 0.048), "better, beyond the margin"),
        ((-0.019, -0.001), (-0.018, -0.002), "equivalent"),
    ],
)
def test_the_words_follow_from_the_intervals(outer, inner, words) -> None:
    verdict = Verdict("AUC-8", Interval(0.0, *outer), Interval(0.0, *inner), 100, 0.02)
    assert verdict.words == words


def test_other_patients_and_odd_margins_are_refused() -> None:
    one = reading(1, skill=1.0, num=40)
    with pytest.raises(InputError, match="same patients"):
        verdicts(one[:-1], one)
    with pytest.raises(ConfigError, match="margin"):
        verdicts(one, one, margin=0.0)


def test_only_patients_of_both_readings_are_paired_when_asked() -> None:
    one, other = reading(1, skill=2.0), reading(2, skill=0.2)
    ours, theirs = in_both(one[:120], other[40:][::-1])
    assert {row.case for row in ours} == {row.case for row in theirs} == {f"p{n}" for n in range(40, 120)}
    assert verdicts(ours, theirs, config=Bootstrap(num_resamples=20))[0].num_patients == 80
    with pytest.raises(InputError, match="no patient in common"):
        in_both(one[:10], other[10:])
