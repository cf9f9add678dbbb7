"""The lesion-level table of the physics notes."""

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.benchmark.ceiling.cohorts import make_draws

from hepaphase.base.errors import ConfigError
from hepaphase.benchmark.ceiling.draws import draw_many
from hepaphase.benchmark.ceiling.level_one import FIGURES, TABLE, check, write
from hepaphase.evaluation.bootstrap import Bootstrap

QUICK = Bootstrap(num_resamples=10)
RESULTS = Path(__file__).parents[3] / "results" / "level-one"


def test_phases_that_say_more_reach_more(tmp_path: Path) -> None:
    rows = check(make_draws(320), config=QUICK)
    found = {(r.inputs, r.figure): r.found.value for r in rows}
    assert len(rows) == len(TABLE) * len(FIGURES)
    assert found["clinical", "macro AUC"] == pytest.approx(0.5, abs=0.01)  # the same for everybody
    assert found["all", "macro AUC"] > found["NC", "macro AUC"] > 0.8
    text = write(rows, tmp_path)
    assert "**" in text  # these lesions are not the notes'
    with (tmp_path / "level_one.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(rows)


def test_too_few_patients_are_refused() -> None:
    with pytest.raises(ConfigError, match="Draw more"):
        check(make_draws(6), config=QUICK)


@pytest.mark.slow
def test_our_kinetics_agree_with_the_notes() -> None:
    """Fewer patients than the published run (results/level-one), so wider than its 0.03."""
    rows = check(draw_many(600, quiet=True), config=QUICK)
    found = {(r.inputs, r.figure): r for r in rows}
    for name in ("NC", "NC + clinical", "all", "all + clinical"):
        row = found[name, "macro AUC"]
        assert abs(row.found.value - row.expected) < 0.08, name
    assert found["all", "malignant AUC"].found.value > 0.94


def test_the_published_run_agrees_where_the_docs_say_so() -> None:
    with (RESULTS / "level_one.csv").open() as file:
        rows = list(csv.DictReader(file))
    macro = [r for r in rows if r["figure"] == "macro AUC"]
    assert len(macro) == len(TABLE)
    assert all(r["agrees"] == "1" for r in macro)
    assert all(np.isclose(float(r["expected"]), TABLE[r["inputs"]].expected[1]) for r in macro)
