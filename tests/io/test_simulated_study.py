"""A visit as a scanner sends it comes in as its phases, on the right grid, HU exact, and without its patient."""

import base64
import logging
import re
import zipfile

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner
from pydicom.fileset import FileSet
from tests.dicom_study import IDENTITY, write_study
from tests.tiny_models import tiny_models

from hepaphase.base.errors import ConfigError
from hepaphase.datasets.unnamed import Told
from hepaphase.inference.options import ReadOptions
from hepaphase.inference.pipeline import read
from hepaphase.inference.write import write_reading
from hepaphase.io.case import read_case, write_case
from hepaphase.io.dicom import find_passes, read_pass
from hepaphase.io.identity import find_identity, identifiers
from hepaphase.io.nifti import write_nifti
from hepaphase.io.source import parse_phases, read_source
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.simulate import simulate
from hepaphase.prepare.cohort import Tools, prepare_cohort
from hepaphase.prepare.fingerprint import fingerprint
from hepaphase.prepare.plan import make_plan, write_plan
from hepaphase.study.phase import Phase
from hepaphase.study.study import PhaseVolume, Study

NAMED = parse_phases("NC=2:1,AP=2:2,PVP=2:3,DP=2:4")


@pytest.fixture(scope="module")
def simulated() -> Study:
    """Four phases of a small simulated patient, in the steps of 2 HU in which the test's scanner stores."""
    study = simulate(7_000_001, grid=Grid(shape_zyx=(20, 56, 60), spacing_zyx_mm=(8.0, 5.0, 5.5))).study
    phases = {
        phase: PhaseVolume(
            np.maximum(2 * np.round(v.hu / 2), -1024).astype(np.float32), v.geometry, v.provenance, time_s=v.time_s
        )
        for phase, v in study.phases.items()
    }
    return Study(study.case, phases, masks={"liver": study.masks["liver"]})


@pytest.fixture(scope="module")
def visit(simulated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("Oberhuber Walburga 1944") / "HB-4711-0815"
    return folder, write_study(folder, simulated)


def require_same(found: Study, simulated: Study) -> None:
    assert list(found.phases) == list(Phase)
    for phase, volume in found.phases.items():
        truth = simulated.phase(phase)
        np.testing.assert_array_equal(volume.hu, truth.hu)
        assert truth.geometry.corner_distance_mm(volume.geometry) < 1e-3
        if truth.time_s:
            assert volume.time_s == pytest.approx(truth.time_s, abs=1e-3)


def test_four_passes_of_one_series_are_the_four_phases(visit, simulated):
    folder, _ = visit
    contents = find_passes(folder)
    assert [p.key for p in contents.passes] == ["2:1", "2:2", "2:3", "2:4"]
    assert [item.why for item in contents.left_out] == ["localizer", "dose screen"]
    for p, truth in zip(contents.passes, simulated.phases.values(), strict=True):
        np.testing.assert_array_equal(read_pass(p).hu, truth.hu)
    require_same(read_source(folder, phases=NAMED), simulated)
    with pytest.raises(ConfigError, match=r"number 2:1, .*number 2:4"):
        read_source(folder)


@pytest.mark.parametrize("how", ["zip", "nested folders", "DICOMDIR"])
def test_however_it_is_packed(how, visit, simulated, tmp_path):
    folder, _ = visit
    source = tmp_path / "visit.zip"
    if how == "zip":
        with zipfile.ZipFile(source, "w") as archive:
            for path in folder.iterdir():
                archive.write(path, f"export/{path.name}")
    elif how == "nested folders":
        source = tmp_path / "deep"
        for number, path in enumerate(sorted(folder.iterdir())):
            home = source / f"{number % 3}" / f"{number % 2}"
            home.mkdir(parents=True, exist_ok=True)
            (home / path.name).write_bytes(path.read_bytes())
    else:
        files = FileSet()
        for path in folder.iterdir():
            if pydicom.dcmread(path, specific_tags=["Modality"]).Modality == "CT":
                files.add(path)
        files.write(tmp_path / "disc")
        files._stage["t"].cleanup()  # pydicom leaves its staging folder to the garbage collector, which then warns
        source = tmp_path / "disc" / "DICOMDIR"
        require_same(read_source(source.parent, phases=NAMED), simulated)
    require_same(read_source(source, phases=NAMED), simulated)


@pytest.mark.slow
def test_nothing_written_tells_whose_it_is(visit, simulated, tmp_path, caplog, capfd):
    """Whole reading and preparing: case folder, masks, findings, report, run.json, prepared cases, logs, terminal."""
    folder, written = visit
    caplog.set_level(logging.DEBUG)
    study = read_source(folder, phases={Phase.NC: "2:1", Phase.PVP: "2:3"})
    assert study.case.startswith("case-") and study.clinical == {"sex": "F", "age": 77, "kvp": 120.0}
    write_case(study, tmp_path / "case")
    models = tiny_models()
    with_liver = Study(
        study.case, study.phases, masks=simulated.masks, clinical=study.clinical, warnings=study.warnings
    )
    write_reading(read(with_liver, models, ReadOptions(register=False)), tmp_path / "out", models)

    def named(volumes, masks):
        order = {Phase.NC: volumes[0], Phase.PVP: volumes[2]}
        return Told({p: u.volume for p, u in order.items()}, {p: u.name for p, u in order.items()}, ("odd",))

    tools = Tools(namer=named, register=True, segment=lambda volume: simulated.masks["liver"][0])
    done = prepare_cohort(folder.parent, tmp_path / "prepared", tools=tools)
    write_plan(tmp_path / "prepared" / "plan.json", facts := fingerprint(folder.parent), make_plan(facts, memory_gib=8))
    words = identifiers(folder)
    assert set(written.values()) - {"20210305"} < words and {"Oberhuber", "Walburga", "Quacksalber"} < words
    said = capfd.readouterr()
    texts = {"log": caplog.text, "terminal": said.out + said.err}
    assert set(find_identity(tmp_path, words, texts=texts)) == {"out/lesions.seg.dcm", "out/report.sr.dcm"}
    uids = {uid for uid in words if re.fullmatch(r"[\d.]{16,64}", uid)}
    assert find_identity(tmp_path, words - uids, texts=texts) == {}  # SEG and SR name the images, not whose they are
    assert len(list((tmp_path / "out").iterdir())) >= 5 and (tmp_path / "out" / "run.json").exists()
    assert [p.stem for p in done.paths] == [study.case]
    held = {p.name for p in (tmp_path / "prepared").iterdir()}
    assert held == {f"{study.case}.npz", "cache.json", "plan.json", "prepared.json", "registration.csv", "warnings.csv"}


def test_the_check_finds_what_leaks(visit, simulated, tmp_path):
    folder, written = visit
    words = identifiers(folder)
    volume = simulated.phase(Phase.NC)
    write_nifti(tmp_path / "a.nii.gz", volume.hu, volume.geometry, description="of WALBURGA")
    (tmp_path / "run.json").write_text(f'{{"path": "/data/{IDENTITY["PatientID"]}/x"}}')
    np.savez_compressed(tmp_path / "b.npz", case=np.array("Quacksalber"))
    (tmp_path / "fine.json").write_text('{"case": "case-0123456789"}')
    (tmp_path / written["StudyInstanceUID"]).mkdir()
    assert set(find_identity(tmp_path, words, texts={"log": "read oberhuber", "more": "read"})) == {
        "a.nii.gz",
        "b.npz",
        "run.json",
        written["StudyInstanceUID"],
        "log",
    }


def test_what_a_page_carries_in_base64_is_searched_as_what_it_stands_for(tmp_path):
    letters = base64.b64encode(bytes(300)).decode()
    (tmp_path / "chance.html").write_text(f"<img src='data:;base64,{letters[:300]}Egon{letters[:300]}'>")
    (tmp_path / "leak.html").write_text(base64.b64encode(bytes(300) + b"Walburga" + bytes(300)).decode())
    (tmp_path / "plain.html").write_text("<p>Egon</p>")
    assert find_identity(tmp_path, {"Egon", "Walburga"}) == {"leak.html": "Walburga", "plain.html": "Egon"}


def test_pseudonym_is_of_the_study_and_identity_is_kept_when_asked(visit, simulated, tmp_path):
    folder, _ = visit
    one, again = (read_source(folder, phases={Phase.NC: "2:1"}) for _ in range(2))
    assert one.case == again.case
    write_study(tmp_path / "other", simulated)
    assert read_source(tmp_path / "other", phases={Phase.NC: "2:1"}).case != one.case
    kept = read_source(folder, phases={Phase.NC: "2:1"}, keep_identity=True)
    assert kept.case == IDENTITY["PatientID"]
    assert kept.clinical["patient_name"] == IDENTITY["PatientName"] and kept.clinical["study_date"] == "20210305"
    write_case(kept, tmp_path / "case")
    assert read_case(tmp_path / "case").clinical == kept.clinical


def test_ages_beyond_ninety_are_not_told(simulated, tmp_path):
    write_study(tmp_path / "a", simulated)
    for path in (tmp_path / "a").iterdir():
        data = pydicom.dcmread(path)
        data.PatientAge = "097Y"
        data.save_as(path)
    assert find_passes(tmp_path / "a").clinical["age"] == 90


def test_missing_slices_are_filled_only_when_asked_for(visit, tmp_path):
    folder, _ = visit
    kept = sorted(
        (p for p in folder.iterdir() if pydicom.dcmread(p).get("AcquisitionNumber") == 3),
        key=lambda p: pydicom.dcmread(p).ImagePositionPatient[2],
    )
    for path in kept[:9] + kept[10:]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    arguments = ["read", str(tmp_path), str(tmp_path / "out"), "--phases", "PVP"]
    from hepaphase.cli.main import group

    refused = CliRunner().invoke(group, arguments)
    assert "--fill-missing" in str(refused.exception) and not (tmp_path / "out").exists()
    study = read_source(tmp_path, phases={Phase.PVP: None}, fill_missing=True)
    assert len(study.phase(Phase.PVP).hu) == 20 and "1 missing slice(s) were filled" in study.warnings[0]
