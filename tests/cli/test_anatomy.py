"""``hepaphase simulate`` on the user's own anatomy."""

import json
import sys

import pytest
from tests.lab.studies import simulated

from hepaphase.cli.main import main
from hepaphase.io.case import read_case
from hepaphase.io.nifti import write_nifti
from hepaphase.phantom.labels import Organ
from hepaphase.study.phase import Phase


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A scan, a label map of its organs, and what the labels are."""
    folder, case = tmp_path_factory.mktemp("anatomy"), simulated(8)
    volume = case.study.phases[Phase.PVP]
    write_nifti(folder / "ct.nii.gz", volume.hu, volume.geometry)
    write_nifti(folder / "organs.nii.gz", case.truth.organs, volume.geometry)
    names = {int(organ): organ.name for organ in Organ if organ}
    (folder / "names.json").write_text(json.dumps(names))
    (folder / "headless.json").write_text(json.dumps({k: v for k, v in names.items() if v != "LIVER"}))
    return folder


def run(monkeypatch, *words) -> int:
    monkeypatch.setattr(sys, "argv", ["hepaphase", "simulate", *map(str, words)])
    with pytest.raises(SystemExit) as exit_:
        main()
    return int(exit_.value.code)


@pytest.mark.parametrize("source", ["scan", "labels"])
def test_a_scan_or_a_label_map_gives_four_phase_cases(source, files, tmp_path, monkeypatch, capfd):
    scan = ["--anatomy", files / "ct.nii.gz", "--phases", "PVP"] if source == "scan" else []
    words = ["--organs", files / "organs.nii.gz", "--names", files / "names.json", "--cases", 1, "--seed", 80_004]
    assert run(monkeypatch, tmp_path / "out", *scan, *words) == 0
    study = read_case(tmp_path / "out" / "real-0080004")
    assert list(study.phases) == list(Phase) and study.masks["liver"][0].any()
    assert (tmp_path / "out" / "real-0080004" / "drawn.json").exists()


def test_an_anatomy_without_a_liver_is_one_line_and_writes_nothing(files, tmp_path, monkeypatch, capfd):
    words = ["--organs", files / "organs.nii.gz", "--names", files / "headless.json", "--cases", 1, "--seed", 1]
    for scan in ([], ["--anatomy", files / "ct.nii.gz", "--phases", "PVP"]):
        assert run(monkeypatch, tmp_path / "out", *scan, *words) == 2
        error = capfd.readouterr().err
        assert error.count("\n") == 1 and "no liver" in error, error
        assert not (tmp_path / "out").exists()


def test_options_that_do_not_go_together_are_refused(files, tmp_path, monkeypatch, capfd):
    organs = ["--organs", files / "organs.nii.gz"]
    for words in (organs, ["--data", files], ["--phases", "PVP", "--cases", 1, "--seed", 1], ["--cohort", "sim-real"]):
        assert run(monkeypatch, tmp_path / "out", *words) == 2
    assert run(monkeypatch, tmp_path / "out", "--cohort", "sim-real", "--data", files) == 2
    assert "sim-real needs the real scans" in capfd.readouterr().err
