"""``hepaphase lesion``: a study in, a changed study out; what cannot be is one line, exit code 2, nothing written."""

import json
import sys

import pytest
from tests.lab.studies import simulated

from hepaphase.cli.main import main
from hepaphase.io.case import read_case, write_case


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab") / "case"
    write_case(simulated(3).study, folder)
    return folder


def run(monkeypatch, *words) -> int:
    monkeypatch.setattr(sys, "argv", ["hepaphase", "lesion", *map(str, words)])
    with pytest.raises(SystemExit) as exit_:
        main()
    return int(exit_.value.code)


def test_every_change_can_follow_another(case, tmp_path, monkeypatch, capfd):
    one, two, three, four = (tmp_path / name for name in ("one", "two", "three", "four"))
    assert run(monkeypatch, "insert", case, one, "--class", "hcc", "--size", 25, "--typical") == 0
    assert "lesion lab (insert)" in capfd.readouterr().out
    assert run(monkeypatch, "recolor", one, two, "--lesion", 1, "--class", "cyst") == 0
    assert run(monkeypatch, "transplant", two, three, "--lesion", 1, "--seed", 3) == 0
    assert run(monkeypatch, "remove", three, four, "--lesion", 1) == 0
    study = read_case(four)
    assert [(row.lesion_id, row.lesion_class) for row in study.lesion_table] == [(2, "cyst")]
    changes = json.loads((four / "lab.json").read_text(encoding="utf-8"))["changes"]
    assert [c["change"] for c in changes] == ["insert", "recolor", "transplant", "remove"]
    assert study.case == "four" and len(study.warnings) == 4


BAD = {
    "unknown class": (["--class", "hc"], "Did you mean 'hcc'"),
    "larger than the liver": (["--class", "hcc", "--size", "300"], "too large for the liver"),
    "outside the liver": (["--class", "hcc", "--at", "150,0,0"], "outside the liver"),
    "not a place": (["--class", "hcc", "--at", "left"], "--at takes three numbers"),
    "no size": (["--class", "hcc", "--size", "0"], "cannot be drawn"),
    "no such file": (["--class", "hcc", "--bundle", "nothing.hepa"], "nothing.hepa"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_one_line_and_writes_nothing(name, case, tmp_path, monkeypatch, capfd):
    words, said = BAD[name]
    assert run(monkeypatch, "insert", case, tmp_path / "out", *words) == 2
    error = capfd.readouterr().err
    assert error.count("\n") == 1 and error.startswith("hepaphase: ") and said in error
    assert not (tmp_path / "out").exists()


def test_a_lesion_that_is_not_there_and_a_full_folder_are_refused(case, tmp_path, monkeypatch, capfd):
    assert run(monkeypatch, "remove", case, tmp_path / "out", "--lesion", 4) == 2
    assert "has no lesion 4" in capfd.readouterr().err
    assert run(monkeypatch, "remove", case, case, "--lesion", 1) == 2
    assert "not empty" in capfd.readouterr().err


def test_a_scan_without_a_liver_is_refused(tmp_path, monkeypatch, capfd):
    import numpy as np

    from hepaphase.io.nifti import write_nifti
    from hepaphase.study.geometry import Geometry

    geometry = Geometry((10, 24, 20), (5.0, 6.0, 5.0), (3.0, -20.0, 40.0))
    write_nifti(tmp_path / "legs.nii.gz", np.full(geometry.shape_zyx, -1000, np.float32), geometry)
    words = ("insert", tmp_path / "legs.nii.gz", tmp_path / "out", "--class", "hcc", "--phases", "PVP")
    assert run(monkeypatch, *words) == 2
    assert "shows no liver" in capfd.readouterr().err and not (tmp_path / "out").exists()
