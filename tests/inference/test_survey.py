"""What a source holds is shown before anything is read from it, and the same becomes case folders."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner, Result
from tests.datasets.test_files import study as small_study
from tests.dicom_files import write_series
from tests.dicom_study import IDENTITY, write_study

from hepaphase.base.errors import DicomError, OutputError, PhaseDoubtError
from hepaphase.cli.main import group
from hepaphase.datasets.protocol import ADAPTERS
from hepaphase.io.case import read_case
from hepaphase.io.identity import find_identity, identifiers
from hepaphase.io.source import read_source
from hepaphase.phantom.seeds import seed_range
from hepaphase.phantom.simulate import simulate
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase
from hepaphase.study.study import PhaseVolume, Study


def intake(*words: object) -> Result:
    return CliRunner().invoke(group, ["intake", *map(str, words)])


@pytest.fixture(scope="module")
def two_phases() -> Study:
    whole = simulate(seed_range("ci")[0]).study
    return replace(whole, phases={p: stored(whole.phase(p)) for p in (Phase.NC, Phase.PVP)})


def stored(volume: PhaseVolume, more_hu: float = 0) -> PhaseVolume:
    """In the steps of 2 HU in which the test's scanner stores."""
    return replace(volume, hu=np.maximum(2 * np.round(volume.hu / 2) + more_hu, -1024).astype(np.float32))


@pytest.fixture(scope="module")
def visit(two_phases: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("Oberhuber Walburga 1944") / "HB-4711-0815"
    write_study(folder, two_phases)
    return folder


def test_one_study_is_shown_and_nothing_is_written(visit: Path, tmp_path: Path) -> None:
    before = sorted(visit.parent.rglob("*"))
    result = intake(visit)
    assert result.exit_code == 0, result.output
    for words in ("series 2:1 'Leber mehrphasig 3.0'", "left out: 1 x localizer", "1 x dose screen", "measures as PVP"):
        assert words in result.output
    assert sorted(visit.parent.rglob("*")) == before


def test_a_uid_is_shown_only_where_nothing_else_names_a_series(tmp_path: Path) -> None:
    """Two series of one number can be told apart by it alone; all other UIDs stay in the headers."""
    grid = Geometry((6, 7, 8), (0.8, 0.9, 2.5), (-20.0, 11.0, -440.0))
    for hu, uid, number in ((0, "1.2.333.4444", 3), (50, "1.2.333.5555", 3), (90, "1.2.333.6666", 4)):
        array = np.arange(grid.shape_zyx[0])[:, None, None] * 2.0 + np.full(grid.shape_zyx, hu)
        write_series(tmp_path / "visit" / uid[-4:], array, grid, uid=uid, number=number)
    result = intake(tmp_path / "visit")
    assert "uid 1.2.333.4444" in result.output and "uid 1.2.333.5555" in result.output
    assert "1.2.333.6666" not in result.output


@pytest.mark.slow
def test_it_becomes_a_case_folder_without_its_patient(visit: Path, two_phases: Study, tmp_path: Path) -> None:
    result = intake(visit, tmp_path / "out")
    assert result.exit_code == 0, result.output
    facts = json.loads((tmp_path / "out" / "intake.json").read_text())["cases"][0]
    assert [p["slices"] for p in facts["passes"]] == [len(v.hu) for v in two_phases.phases.values()]
    assert facts["phases"]["PVP"]["measured_as"]["probabilities"]["PVP"] > 0.8
    case = read_case(tmp_path / "out" / facts["case"])
    for phase, volume in case.phases.items():
        assert np.array_equal(volume.hu, two_phases.phase(phase).hu) and volume.recognised_by == "measured"
        volume.geometry.require(two_phases.phase(phase).geometry, what=phase)
    assert find_identity(tmp_path, identifiers(visit), texts={"terminal": result.output.replace(str(visit), "")}) == {}
    again = intake(visit, tmp_path / "out")
    assert isinstance(again.exception, OutputError)
    kept = intake(visit, tmp_path / "kept", "--keep-identity", "--phases", "NC=2:1,PVP=2:2")
    assert kept.exit_code == 0 and (tmp_path / "kept" / IDENTITY["PatientID"] / "PVP.nii.gz").exists()


@pytest.mark.slow
def test_scans_of_two_patients_or_visits_are_never_one_study(two_phases: Study, tmp_path: Path) -> None:
    """Two visits in one folder: each is shown by itself; ``read`` refuses the folder."""
    for name, more_hu in {"a": 0, "b": 2}.items():
        once = replace(two_phases, phases={Phase.PVP: stored(two_phases.phase(Phase.PVP), more_hu)})
        write_study(tmp_path / "in" / name, once)
    result = intake(tmp_path / "in", tmp_path / "out")
    assert result.exit_code == 0 and result.output.count("measures as PVP") == 2
    rows = (tmp_path / "out" / "metadata.csv").read_text().splitlines()[1:]
    assert len({row.split(",")[0] for row in rows}) == 2 and len({row.split(",")[1] for row in rows}) == 1
    refused = CliRunner().invoke(group, ["read", str(tmp_path / "in"), str(tmp_path / "r")])
    assert isinstance(refused.exception, DicomError) and "2 studies of one patient" in str(refused.exception)
    named = {Phase.NC: "a", Phase.PVP: "b"}
    assert "come from 2 studies" in read_source(tmp_path / "in", phases=named).warnings[0]
    for path in (tmp_path / "in" / "b").iterdir():
        data = pydicom.dcmread(path)
        data.PatientID = "another"
        data.save_as(path)
    with pytest.raises(DicomError, match="2 patients"):
        read_source(tmp_path / "in", phases=named)


def test_a_cohort_becomes_case_folders_and_what_is_in_doubt_is_asked(tmp_path: Path) -> None:
    for case in ("1", "2"):
        ADAPTERS.load("lits").write_example(tmp_path / "lits", small_study(case))
    result = intake(tmp_path / "lits", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "out").glob("*/PVP.nii.gz"))) == 2
    for case in ("a", "b"):
        ADAPTERS.load("dicom").write_example(tmp_path / "dicom" / case, small_study(case))
    doubtful = intake(tmp_path / "dicom", tmp_path / "none")
    assert isinstance(doubtful.exception, PhaseDoubtError)
    assert "2 of 2 not taken in" in str(doubtful.exception) and not (tmp_path / "none").exists()
