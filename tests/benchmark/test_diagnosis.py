"""The benchmark of the reader: each setting sees what it says, rows survive the file, the table is complete."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.tiny_models import tiny_models

from hepaphase.base.errors import InputError, UnknownNameError
from hepaphase.benchmark.cases import load_case
from hepaphase.benchmark.diagnosis import Reading, run, stored, write
from hepaphase.benchmark.inputs import MAIN_JOB, apply_inputs, named_inputs
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.rows import read_rows
from hepaphase.study.phase import Phase, Provenance
from hepaphase.synthesis.generators.carry import Generator

SHAPE = (16, 16, 16)


def write_case(folder: Path, name: str, *, lesion: str | None) -> Path:
    rng = np.random.default_rng(len(name))
    lesions = np.zeros(SHAPE, np.uint16)
    if lesion:
        lesions[6:9, 6:9, 6:9] = 1
    geometry = {
        "shape_zyx": SHAPE,
        "spacing_xyz_mm": (4.0,) * 3,
        "origin_lps_mm": (1.0, 2.0, 3.0),
        "direction": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    }
    fields = {
        "case": np.array(name),
        "geometry": np.array(json.dumps(geometry)),
        "times_s": np.array([0, 35, 70, 180], np.float32),
        "liver": np.ones(SHAPE, np.uint8),
        "lesions": lesions,
        "lesion_ids": np.array([1] if lesion else [], np.int32),
        "lesion_classes": np.array([lesion] if lesion else [], dtype=np.str_),
    }
    for phase in Phase:
        fields[f"hu_{phase}"] = rng.normal(60, 10, SHAPE).astype(np.int16)
        fields[f"clean_{phase}"] = np.full(SHAPE, 60, np.int16)
    path = folder / f"{name}.npz"
    np.savez(path, **fields)
    return path


def test_each_setting_sees_only_what_it_says(tmp_path: Path) -> None:
    case = load_case(write_case(tmp_path, "a", lesion="hcc"))
    nc, generated, everything = (apply_inputs(case.study, s, Generator()) for s in MAIN_JOB)
    assert list(nc.hu) == [Phase.NC]
    assert generated.inputs == (Phase.NC,)
    assert generated.provenance[Phase.AP] is Provenance.SYNTHETIC
    assert everything.inputs == tuple(Phase)


def test_truth_is_noise_free_where_known(tmp_path: Path) -> None:
    case = load_case(write_case(tmp_path, "a", lesion="hcc"))
    assert case.truth.lesion_classes == {1: "hcc"}
    assert np.all(case.truth.hu["AP"] == 60)
    assert "lesions" not in case.study.masks


def test_rows_and_table(tmp_path: Path) -> None:
    for number, lesion in enumerate(("hcc", "cyst", None)):
        write_case(tmp_path, f"p{number}", lesion=lesion)
    models = tiny_models()
    reading = Reading(settings=MAIN_JOB, diagnosis=models.diagnosis, synthesis=models.synthesis)
    results = run(tmp_path, reading, quiet=True)
    table = write(results, tmp_path / "out", {"cohort": "tiny"}, Bootstrap(num_resamples=10))
    assert "NC + generated AP, PVP, DP" in table
    assert "Differences from NC, paired by patient:" in table
    rows = read_rows(tmp_path / "out" / "nc_generated.csv")
    assert [r.truth["hcc"] for r in rows] == [True, False, False]
    assert "AP_liver_mae" in rows[0].values
    assert "AP_liver_mae" not in read_rows(tmp_path / "out" / "nc.csv")[0].values
    again = stored(tmp_path / "out", MAIN_JOB)
    assert [r.inputs for r in again] == list(MAIN_JOB)
    for one, two in zip(again, results, strict=True):
        assert [r.case for r in one.rows] == [r.case for r in two.rows]
        assert [r.found_class for r in one.lesions] == [r.found_class for r in two.lesions]
        assert one.rows[0].score == pytest.approx(dict(two.rows[0].score), abs=1e-5)
    with pytest.raises(InputError, match="no rows of an earlier run"):
        stored(tmp_path, MAIN_JOB)


@pytest.mark.slow
def test_rows_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    for number in range(7):
        write_case(tmp_path, f"p{number}", lesion="hcc" if number % 2 else None)
    models = tiny_models()
    reading = Reading(settings=MAIN_JOB[:1], diagnosis=models.diagnosis, synthesis=models.synthesis)
    one, two = (run(tmp_path, reading, workers=workers, quiet=True)[0].rows for workers in (1, 2))
    assert [r.case for r in one] == [r.case for r in two]
    assert all(a.score == pytest.approx(b.score, abs=1e-5) for a, b in zip(one, two, strict=True))


def test_a_case_without_truth_is_refused(tmp_path: Path) -> None:
    path = write_case(tmp_path, "a", lesion=None)
    with np.load(path) as file:
        fields = {name: file[name] for name in file.files if name != "liver"}
    np.savez(path, **fields)
    with pytest.raises(InputError, match="no mask of liver"):
        load_case(path)


def test_settings_go_by_name() -> None:
    assert [s.scanned for s in named_inputs(["nc_pvp", " all"])] == [(Phase.NC, Phase.PVP), tuple(Phase)]
    (completed,) = named_inputs(["pvp_dp_generated"])
    assert (completed.scanned, completed.generated) == ((Phase.PVP, Phase.DP), (Phase.NC, Phase.AP))
    assert named_inputs(["nc_generated"]) == MAIN_JOB[1:2]
    with pytest.raises(UnknownNameError, match="nc_pvp"):
        named_inputs(["nc_pvpp"])
