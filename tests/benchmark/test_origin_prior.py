"""The prior's figures: of patients that are drawn, and the same that a report cites."""

import json
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.benchmark.origin_prior import COLUMNS, PriorShares, right_of, run, write
from hepaphase.bundle.origins import prior_figures
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.study.lesions import METASTASIS_ORIGINS

WIDTH = len(METASTASIS_ORIGINS)


def test_right_is_counted_with_wilsons_interval(tmp_path: Path) -> None:
    truth = np.array([0, 0, 2, 1], np.int64)
    shares = np.tile([0.5, 0.1, 0.2, 0.1, 0.05, 0.03, 0.02], (4, 1))
    assert right_of(truth, shares) == {
        "num_patients": 4,
        "top_1": {"value": 0.5, "low": 0.15, "high": 0.85},
        "top_2": {"value": 0.75, "low": 0.3006, "high": 0.9544},
    }
    found = PriorShares(truth, dict.fromkeys(COLUMNS, shares))
    text = write(found, "some", tmp_path, Bootstrap(num_resamples=10))
    assert "top-1 | 0.500 [0.150, 0.850]" in text and (tmp_path / "table.md").read_text() == text
    assert json.loads((tmp_path / "origins.json").read_text())["top_2"]["value"] == 0.75


def test_patients_of_a_cohort_have_their_cea_weighed() -> None:
    found = run("sim-small")
    plain, weighed = (found.columns[key] for key in COLUMNS)
    assert plain.shape == weighed.shape == (len(found.truth), WIDTH) and len(found.truth) >= 2
    assert len(np.unique(weighed[:, 0].round(6))) == 2 and np.ptp(plain, axis=0).max() == 0
    assert weighed.sum(axis=1) == pytest.approx(1)


def test_a_cohort_where_nobody_has_metastases_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nobody:
        population = None

        def seeds(self) -> list[int]:
            return []

    monkeypatch.setattr("hepaphase.benchmark.origin_prior.named_cohort", lambda name: Nobody())
    with pytest.raises(InputError, match="has metastases"):
        run("sim-none")


@pytest.mark.slow
def test_what_ships_is_what_the_command_makes() -> None:
    held = prior_figures()
    found = run(held["cohort"])
    assert right_of(found.truth, found.columns[COLUMNS[1]]) == {k: held[k] for k in ("num_patients", "top_1", "top_2")}
