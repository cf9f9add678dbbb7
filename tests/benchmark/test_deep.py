"""Tables below the main one: subsets, sizes, screening, subgroups; each from a reading that really was made."""

from pathlib import Path

import numpy as np
import pytest
from tests.tiny_models import tiny_models

from hepaphase.benchmark.deep import Deep, case_facts, deep_text, delong_table, largest_radius, subset_matrix
from hepaphase.benchmark.diagnosis import Reading, Result, run, write
from hepaphase.benchmark.inputs import MAIN_JOB, SUBSETS
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.lesion_rows import LesionRow, read_lesions
from hepaphase.study.phase import Phase

from ..evaluation.test_patient import cohort
from .test_diagnosis import write_case

FAST = Bootstrap(num_resamples=10)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    for number, lesion in enumerate(("hcc", "cyst", None)):
        write_case(folder, f"p{number}", lesion=lesion)
    return folder


def test_a_reading_leaves_its_lesions_with_a_confidence_and_deep_tables(prepared: Path, tmp_path: Path) -> None:
    models = tiny_models()
    reading = Reading(settings=MAIN_JOB[::2], diagnosis=models.diagnosis, synthesis=models.synthesis)
    results = run(prepared, reading, quiet=True)
    write(results, tmp_path, {"cohort": "tiny"}, FAST)
    lesions = read_lesions(tmp_path / "lesions" / "all.csv")
    assert {r.case for r in lesions if r.is_true} == {"p0", "p1"}
    assert all(0 < r.score <= 1 for r in lesions if r.is_found) and any(r.is_found for r in lesions)
    text = deep_text(results, prepared, Deep(lesions=True, validation=tuple(results)), FAST)
    for part in ("## By size", "## FROC", "## Screening", "## Subgroups", "phases: NC, AP, PVP, DP"):
        assert part in text
    assert deep_text(results, prepared, Deep(), FAST) == ""


def test_subsets_are_all_fifteen_and_a_phase_is_worth_what_it_adds() -> None:
    assert len(SUBSETS) == len({s.name for s in SUBSETS}) == 15
    rng = np.random.default_rng(0)
    rows = cohort(60)
    results = []
    for subset in SUBSETS:  # scores that only the arterial phase sharpens
        share = 0.2 if Phase.AP in subset.scanned else 0.9
        noisy = [
            type(r)(r.case, r.truth, {k: (1 - share) * v + share * rng.random() for k, v in r.score.items()}, 0.5)
            for r in rows
        ]
        results.append(Result(subset, tuple(noisy[::-1])))
    text = subset_matrix(results, FAST)
    assert "| NC, AP, PVP, DP |" in text and text.count("| 60 |") >= 15
    line = next(x for x in text.split("worth")[1].splitlines() if x.startswith("| AUC-8"))
    gains = [float(part.split()[0]) for part in line.split("|")[2:6]]
    assert gains[1] > 0.1 and all(abs(g) < 0.06 for k, g in enumerate(gains) if k != 1)


def test_facts_come_from_the_cases_and_sizes_from_their_lesions(prepared: Path) -> None:
    facts = case_facts(prepared)
    assert facts["p0"]["phases"] == ("NC", "AP", "PVP", "DP")
    rows = [LesionRow(case="a", true_class="hcc", radius_mm=r) for r in (4.0, 9.0)]
    assert largest_radius([*rows, LesionRow(case="b", found_class="hcc")]) == {"a": 9.0}


def test_delongs_table_pairs_by_patient() -> None:
    rows = cohort(80)
    text = delong_table(rows, rows[::-1])
    assert "80 patients" in text and "| hcc | " in text
    assert all(line.split("|")[4].strip() == "+0.000" for line in text.splitlines()[4:])
