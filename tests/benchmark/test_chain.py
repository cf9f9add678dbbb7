"""The whole chain on simulated patients: what is read is held against what was drawn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.tiny_models import tiny_models

from hepaphase.benchmark import chain
from hepaphase.benchmark.chain import SETTINGS, Chain, read_one, spread, write
from hepaphase.benchmark.inputs import Inputs
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.rows import read_rows
from hepaphase.inference.models import Models
from hepaphase.inference.pipeline import read
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.simulate import simulate
from hepaphase.study.phase import Phase
from hepaphase.study.study import Study

MODELS = replace(tiny_models(), organs=Bundle.load(shipped("organs"), kind="organs"))


@pytest.fixture(scope="module")
def patient() -> Study:
    grid = Grid(shape_zyx=(20, 36, 40), spacing_zyx_mm=(9.0, 9.5, 10.0))
    studies = (simulate(seed, grid=grid).study for seed in range(3, 30))
    return next(study for study in studies if study.lesion_table and study.masks["lesions"][0].any())


def test_a_patient_is_read_without_being_told_anything(patient: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Study] = []

    def spy(study: Study, models: Models, options: object) -> object:
        shown.append(study)
        assert not study.masks and study.lesion_table is None and not study.clinical
        liver = patient.masks["liver"]
        return read(replace(study, masks={"liver": liver}), models, options)  # at 10 mm ours is not good enough

    monkeypatch.setattr(chain, "read", spy)
    row, _ = read_one(patient, Inputs("nc", (Phase.NC,)), MODELS)
    assert [tuple(study.phases) for study in shown] == [(Phase.NC,)]
    assert row.case == patient.case and row.num_true and row.values["seconds"] > 0
    assert row.values["liver_dice"] > 0.9 and any(row.truth.values())


def test_a_patient_without_a_found_liver_counts_as_missed(patient: Study, tmp_path: Path) -> None:
    air = {p: replace(v, hu=np.full_like(v.hu, -1000.0)) for p, v in patient.phases.items()}
    row, lesions = read_one(replace(patient, phases=air), SETTINGS[0], MODELS)
    assert row.num_true and not row.num_found and set(row.score.values()) == {0.0}
    assert lesions and not any(lesion.is_found for lesion in lesions)
    table = write([Chain(SETTINGS[0], (row,), lesions)], tmp_path, {"cohort": "toy"}, Bootstrap(num_resamples=10))
    assert "lesion recall" in table and [r.case for r in read_rows(tmp_path / "pvp.csv")] == [patient.case]


def test_patients_are_taken_evenly() -> None:
    assert spread(range(100, 200), 4) == [100, 133, 166, 199]
    assert spread([5, 6], 40) == [5, 6]
    assert len(set(spread(range(1000), 40))) == 40
    assert np.diff(spread(range(1000), 40)).min() > 20
