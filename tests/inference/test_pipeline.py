"""A study goes in, everything promised comes out, where it belongs, marked as what it is."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.tiny_models import tiny_models

from hepaphase.base.atomic import UNFINISHED
from hepaphase.base.errors import ConfigError, InputError, MissingPhaseError, OutputError, StudyError
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.inference.masks import lesions_on_grid
from hepaphase.inference.models import Models
from hepaphase.inference.options import ReadOptions
from hepaphase.inference.pipeline import Reading, read
from hepaphase.inference.single import synthesize
from hepaphase.inference.write import check_output, holds_reading_of, write_reading
from hepaphase.io.nifti import read_description, read_mask, read_nifti
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import PhaseVolume, Study

MODELS = tiny_models()
GRID = Geometry((26, 56, 60), (4.0, 4.5, 5.0), (-130.0, -110.0, 30.0))


def study(*phases: Phase) -> Study:
    """Noise around a liver of 70 HU; the other phases lie on a shifted grid."""
    rng = np.random.default_rng(0)
    liver = np.zeros(GRID.shape_zyx, np.uint8)
    liver[6:20, 14:40, 10:36] = 1
    volumes = {}
    for number, phase in enumerate(phases):
        grid = replace(GRID, origin_lps_mm=(-130.0 + number, -110.0, 30.0 - number))
        hu = (rng.normal(0, 10, GRID.shape_zyx) + 70 * liver).astype(np.float32)
        volumes[phase] = PhaseVolume(hu, grid, Provenance.MEASURED)
    return Study("case-1", volumes, masks={"liver": (liver, GRID)})


@pytest.fixture(scope="module")
def reading() -> Reading:
    return read(study(Phase.PVP, Phase.NC), MODELS, ReadOptions(register=False))


def test_missing_phases_are_generated_and_marked(reading: Reading) -> None:
    kinds = {p: reading.study.provenance[p] for p in Phase}
    assert kinds[Phase.AP] is kinds[Phase.DP] is Provenance.SYNTHETIC
    assert kinds[Phase.NC] is kinds[Phase.PVP] is Provenance.MEASURED
    assert set(reading.study.sd_hu) == {Phase.AP, Phase.DP}


def test_the_reference_is_untouched_in_its_box(reading: Reading) -> None:
    start, stop = reading.box.start_zyx, reading.box.stop_zyx
    part = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    assert np.array_equal(reading.study.hu[Phase.PVP], reading.source.phase(Phase.PVP).hu[part])


def test_probabilities_come_from_scanned_phases_alone(reading: Reading) -> None:
    assert reading.read_from == (Phase.NC, Phase.PVP)
    generated = read(study(Phase.PVP), MODELS, ReadOptions(read_generated=True))
    assert generated.read_from == tuple(Phase)


def test_no_phase_is_generated_when_none_is_wanted() -> None:
    assert list(read(study(Phase.NC), MODELS, ReadOptions(complete=())).study.hu) == [Phase.NC]


def test_doubts_are_warnings(reading: Reading) -> None:
    assert any("not registered" in w for w in reading.warnings)
    assert any("time of the PVP phase is unknown" in w for w in reading.warnings)


@pytest.mark.slow
def test_a_phase_that_cannot_be_lined_up_is_generated_instead_and_the_report_says_so() -> None:
    """Noise has nothing in common with a liver."""
    models = replace(MODELS, organs=Bundle.load(shipped("organs"), kind="organs"))
    both = study(Phase.PVP, Phase.NC)
    noise = np.random.default_rng(1).normal(0, 10, GRID.shape_zyx).astype(np.float32)
    volumes = {**both.phases, Phase.NC: replace(both.phase(Phase.NC), hu=noise)}
    got = read(replace(both, phases=volumes), models)
    assert got.study.provenance[Phase.NC] is Provenance.SYNTHETIC
    assert got.read_from == (Phase.PVP,)
    assert any("NC phase could not be lined up" in w and "missing" in w for w in got.warnings)
    assert set(got.registration) == {Phase.NC}


def test_a_reference_that_was_not_scanned_is_refused() -> None:
    with pytest.raises(MissingPhaseError):
        read(study(Phase.PVP), MODELS, ReadOptions(reference=Phase.AP))


def test_an_empty_liver_is_refused() -> None:
    empty = replace(study(Phase.PVP), masks={"liver": (np.zeros(GRID.shape_zyx, np.uint8), GRID)})
    with pytest.raises(StudyError, match="covers 0 ml"):
        read(empty, MODELS)


def test_everything_promised_is_written_on_the_reference_grid(reading: Reading, tmp_path: Path) -> None:
    tmp_path = tmp_path / "Läsionen 肝" / "visit 1"
    paths = write_reading(reading, tmp_path, MODELS, all_grids=True)
    names = {str(p.relative_to(tmp_path)) for p in paths}
    synthetic = {f"synthetic/{p}{s}.nii.gz" for p in ("AP", "DP") for s in ("", "_sd")}
    assert {"report.html", "findings.json", "run.json", "liver.nii.gz", "lesions.nii.gz"} | synthetic <= names
    assert {"grids/NC_liver.nii.gz", "grids/PVP_lesions.nii.gz"} <= names
    reference = reading.source.phase(Phase.PVP).geometry
    for name in ("liver.nii.gz", "lesions.nii.gz"):
        _, geometry = read_mask(tmp_path / name)
        assert reference.matches(geometry)
    assert paths[-1].name == "run.json"


def test_written_masks_and_generated_phases_say_what_they_are(reading: Reading, tmp_path: Path) -> None:
    write_reading(reading, tmp_path, MODELS)
    assert "SYNTHETIC" in read_description(tmp_path / "synthetic/AP.nii.gz")
    hu, _ = read_nifti(tmp_path / "synthetic/AP_sd.nii.gz")
    assert hu.min() >= 0
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["research_use_only"] is True
    assert run["device"] == "cpu" and run["deterministic"] is True
    assert set(run["inputs"]) == {"NC", "PVP"}
    assert run["seeds"] == {"recognition": 0, "registration": 1, "segments": 0}
    assert run["models"]["diagnosis"]["name"] == "tiny"
    assert [s["name"] for s in run["steps"]] == ["liver", "prepare", "complete", "diagnose", "measure", "evidence"]
    assert str(tmp_path) not in (tmp_path / "run.json").read_text()
    findings = json.loads((tmp_path / "findings.json").read_text())
    assert {row["name"]: row["provenance"] for row in findings["phases"]}["AP"] == "synthetic"
    lesions, _ = read_mask(tmp_path / "lesions.nii.gz")
    assert set(np.unique(lesions)) - {0} == {row["id"] for row in findings["lesions"]}


def test_the_same_study_reads_the_same_twice(reading: Reading) -> None:
    again = read(study(Phase.PVP, Phase.NC), MODELS, ReadOptions(register=False))
    assert again.findings == reading.findings
    assert np.array_equal(again.study.hu[Phase.AP], reading.study.hu[Phase.AP])


def test_a_folder_with_something_in_it_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("x")
    with pytest.raises(OutputError, match="not empty"):
        check_output(tmp_path)
    with pytest.raises(OutputError, match="does not hold an earlier reading"):
        check_output(tmp_path, overwrite=True)
    (tmp_path / "run.json").write_text("{}")
    check_output(tmp_path, overwrite=True)
    with pytest.raises(OutputError, match="is a file"):
        check_output(tmp_path / "run.json")


def test_any_time_can_be_asked_of_stage_one(tmp_path: Path) -> None:
    written = synthesize(study(Phase.NC), Phase.AP, MODELS, tmp_path, time_s=25.0)
    assert [p.name for p in written.paths] == ["AP_25s.nii.gz", "AP_25s_sd.nii.gz"]
    with pytest.raises(StudyError, match="scanned NC phase"):
        synthesize(study(Phase.NC), Phase.NC, MODELS, tmp_path)


def test_the_grid_of_a_generated_phase_is_that_of_the_reference_asked_for(tmp_path: Path) -> None:
    both, heard = study(Phase.PVP, Phase.NC), []
    written = synthesize(both, Phase.AP, MODELS, tmp_path, reference=Phase.NC, heard=heard.append)
    assert read_nifti(written.paths[0])[1].matches(both.phase(Phase.NC).geometry)
    assert heard == ["liver", "prepare", "complete", "write"]
    with pytest.raises(MissingPhaseError, match="no scanned DP"):
        synthesize(both, Phase.AP, MODELS, tmp_path / "other", reference=Phase.DP)


def test_lesions_keep_volume_and_none_is_lost_between_grids() -> None:
    coarse = Geometry((10, 11, 12), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0))
    fine = Geometry((40, 44, 48), (1.0, 1.0, 1.0), (-1.5, -1.5, -1.5))
    lesions = np.zeros(coarse.shape_zyx, np.uint16)
    lesions[3:7, 3:7, 3:7] = 1
    lesions[8, 9, 10] = 2
    out = lesions_on_grid(lesions, coarse, fine)
    assert np.count_nonzero(out == 1) == pytest.approx(64 * 64, rel=0.15)
    assert (out == 2).any()


def test_an_old_reading_goes_with_all_its_files_once_the_new_one_is_whole(reading: Reading, tmp_path: Path) -> None:
    write_reading(reading, tmp_path, MODELS, all_grids=True)
    alone = read(study(Phase.PVP), MODELS, ReadOptions(complete=()))
    with pytest.raises(AttributeError):
        write_reading(alone, tmp_path, None)  # type: ignore[arg-type]  # breaks off in the middle
    assert (tmp_path / "synthetic/AP.nii.gz").exists() and (tmp_path / "run.json").exists()
    paths = write_reading(alone, tmp_path, MODELS)
    assert {p for p in tmp_path.rglob("*") if p.is_file()} == set(paths)


def test_no_network_is_asked_from_the_models_to_the_last_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    models = Models.load()
    write_reading(read(study(Phase.PVP), models, ReadOptions(complete=())), tmp_path, models)


def test_the_report_says_what_its_reader_was_trained_on(reading: Reading, tmp_path: Path) -> None:
    card = {"title": "tiny", "training_data": "Simulated exams of no one."}
    write_reading(reading, tmp_path, replace(MODELS, diagnosis=replace(MODELS.diagnosis, card=card)))
    assert "tiny. Trained on: Simulated exams of no one." in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_folder_that_a_killed_run_began_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / UNFINISHED).mkdir()
    (tmp_path / UNFINISHED / "liver.nii.gz").touch()
    check_output(tmp_path)


def test_a_reading_that_was_stopped_is_made_anew_in_the_same_place_and_loses_nothing(
    reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped while it writes, with an earlier reading in place and without; then the same command again."""

    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    for earlier in (False, True):
        out = tmp_path / f"out-{earlier}"
        if earlier:
            write_reading(read(study(Phase.PVP), MODELS, ReadOptions(complete=())), out, MODELS)
            (out / "notes.txt").write_text("mine")
        before = {p.name: p.read_bytes() for p in out.glob("*") if p.is_file()}
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("hepaphase.inference.write.write_report", stop)
            write_reading(reading, out, MODELS)
        assert {p.name: p.read_bytes() for p in out.glob("*")} == before
        check_output(out, overwrite=earlier)
        written = write_reading(reading, out, MODELS)
        assert all(path.is_file() for path in written) and holds_reading_of("case-1", out)
        assert not (out / UNFINISHED).exists() and (out / "notes.txt").exists() == earlier


def test_a_generated_phase_of_the_source_is_kept_and_marked_without_an_uncertainty_it_never_had(tmp_path: Path) -> None:
    both = study(Phase.PVP, Phase.DP)
    made = replace(both.phase(Phase.DP), provenance=Provenance.SYNTHETIC)
    got = read(replace(both, phases={**both.phases, Phase.DP: made}), MODELS, ReadOptions(complete=()))
    paths = {str(p.relative_to(tmp_path)) for p in write_reading(got, tmp_path, MODELS)}
    assert "synthetic/DP.nii.gz" in paths and "synthetic/DP_sd.nii.gz" not in paths
    assert got.read_from == (Phase.PVP,)


def test_only_a_reading_of_that_case_is_taken_for_one(reading: Reading, tmp_path: Path) -> None:
    assert not holds_reading_of("case-1", tmp_path)
    write_reading(reading, tmp_path, MODELS)
    assert holds_reading_of("case-1", tmp_path) and not holds_reading_of("demo", tmp_path)


def test_an_impossible_time_and_a_file_that_is_there_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="seconds after the start"):
        synthesize(study(Phase.PVP), Phase.AP, MODELS, tmp_path, time_s=float("nan"))
    (tmp_path / "AP_sd.nii.gz").touch()
    with pytest.raises(OutputError, match="AP_sd"):
        synthesize(study(Phase.PVP), Phase.AP, None, tmp_path)  # type: ignore[arg-type]
    assert not (tmp_path / "AP.nii.gz").exists()


def test_values_that_are_no_hu_are_named_where_no_liver_is_found() -> None:
    models = replace(MODELS, organs=Bundle.load(shipped("organs"), kind="organs"))
    small = Geometry((3, 8, 9), (2.0, 2.5, 3.0), (-130.0, -110.0, 30.0))  # smaller than any liver
    hu = np.full(small.shape_zyx, 1100.0, np.float32)
    shifted = Study("case-1", {Phase.PVP: PhaseVolume(hu, small, Provenance.MEASURED)})
    with pytest.raises(StudyError, match="Its darkest voxel is 1100: check that it is in HU"):
        read(shifted, models)


def test_a_phase_that_is_no_hu_is_refused_in_a_reading_and_alone(tmp_path: Path) -> None:
    whole = study(Phase.PVP, Phase.NC)
    shifted = replace(whole.phase(Phase.NC), hu=whole.phase(Phase.NC).hu + 1024)
    odd = replace(whole, phases={**whole.phases, Phase.NC: shifted})
    for made in (lambda: read(odd, MODELS), lambda: synthesize(odd, Phase.AP, MODELS, tmp_path)):
        with pytest.raises(InputError, match="NC cannot be in HU: the liver measures 10"):
            made()
    assert not list(tmp_path.iterdir())


def test_a_mask_that_misses_the_scan_is_named() -> None:
    far = replace(GRID, origin_lps_mm=(900.0, 900.0, 900.0))
    whole = study(Phase.PVP)
    with pytest.raises(StudyError, match="liver mask of 'case-1' covers 0 ml"):
        read(replace(whole, masks={"liver": (whole.masks["liver"][0], far)}), MODELS)
