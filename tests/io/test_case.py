"""Case folders in and out."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.example_study import example_study

from hepaphase.base.errors import GeometryError, InputError, OutputError
from hepaphase.io.case import is_case, read_case, write_case
from hepaphase.io.nifti import read_description, write_nifti
from hepaphase.study.phase import Phase, Provenance


def test_round_trip_keeps_all_there_is(tmp_path):
    study = example_study()
    write_case(study, tmp_path / "case")
    again = read_case(tmp_path / "case")
    for name in ("case", "lesion_table", "clinical", "warnings"):
        assert getattr(again, name) == getattr(study, name)
    assert list(again.phases) == list(study.phases)
    for phase, before in study.phases.items():
        after = again.phases[phase]
        np.testing.assert_array_equal(after.hu, before.hu)
        assert before.geometry.corner_distance_mm(after.geometry) < 1e-3
        assert (after.provenance, after.time_s, after.recognised_by) == (
            before.provenance,
            before.time_s,
            before.recognised_by,
        )
    np.testing.assert_array_equal(again.phases[Phase.AP].sd_hu, study.phases[Phase.AP].sd_hu)
    assert again.phases[Phase.NC].sd_hu is None
    for name, (mask, geometry) in study.masks.items():
        found, grid = again.masks[name]
        assert found.dtype == mask.dtype and geometry.matches(grid)
        np.testing.assert_array_equal(found, mask)


@pytest.mark.parametrize("table", [None, ()])
def test_unknown_lesions_and_no_lesions_are_different(tmp_path, table):
    write_case(replace(example_study(), lesion_table=table), tmp_path)
    assert read_case(tmp_path).lesion_table == table


def test_files_are_named_as_documented(tmp_path):
    write_case(example_study(), tmp_path)
    names = "AP.nii.gz AP_sd.nii.gz NC.nii.gz PVP.nii.gz lesions.nii.gz liver.nii.gz study.json"
    assert sorted(p.name for p in tmp_path.iterdir()) == names.split()
    assert read_description(tmp_path / "AP.nii.gz").startswith("SYNTHETIC AP")
    assert read_description(tmp_path / "AP_sd.nii.gz").startswith("SYNTHETIC AP")
    assert read_description(tmp_path / "PVP.nii.gz") == "simulated PVP"


def test_names_of_galsce_are_read_and_lesions_told_apart(tmp_path):
    study = example_study()
    array, geometry = study.masks["lesions"]
    volume = study.phase(Phase.PVP)
    write_nifti(tmp_path / "PVP.nii", volume.hu, volume.geometry)
    write_nifti(tmp_path / "Tumor_mask.nii.gz", array > 0, geometry)
    write_nifti(tmp_path / "Liver_mask.nii.gz", np.ones(geometry.shape_zyx, np.uint8), geometry)
    write_nifti(tmp_path / "Body_mask.nii.gz", np.ones(geometry.shape_zyx, np.float32), geometry)
    again = read_case(tmp_path)
    lesions = again.masks["lesions"][0]
    assert lesions.dtype == np.uint16 and set(np.unique(lesions)) == {0, 1, 2}
    np.testing.assert_array_equal(lesions > 0, array > 0)
    assert {name: mask.dtype for name, (mask, _) in again.masks.items() if name != "lesions"} == {
        "liver": np.uint8,
        "body": np.uint8,
    }
    assert again.case == tmp_path.name and again.lesion_table is None
    assert again.phase(Phase.PVP).provenance is Provenance.MEASURED


def test_synthetic_mark_in_a_header_counts_without_study_json(tmp_path):
    write_case(example_study(), tmp_path)
    (tmp_path / "study.json").unlink()
    study = read_case(tmp_path)
    assert study.phase(Phase.AP).provenance is Provenance.SYNTHETIC
    assert study.phase(Phase.NC).provenance is Provenance.MEASURED
    assert study.phase(Phase.PVP).provenance is Provenance.SIMULATED
    assert study.inputs == (Phase.NC, Phase.PVP)


def edit(folder, change) -> None:
    facts = json.loads((folder / "study.json").read_text())
    change(facts)
    (folder / "study.json").write_text(json.dumps(facts))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.update(schema="hepaphase-study/9"), "schema 'hepaphase-study/9'"),
        (lambda f: f["phases"].update(DP={}), "tells of DP"),
        (lambda f: f["phases"]["AP"].update(provenance="measured"), "marked as synthetic"),
        (lambda f: f["phases"]["NC"].update(provenance="guessed"), "'guessed' is not a valid"),
        (lambda f: f["phases"]["NC"].update(time_s="soon"), "could not convert"),
        (lambda f: f["lesions"][0].pop("class"), "needs id and class"),
        (lambda f: f["lesions"][0].update({"class": "hc"}), "Did you mean 'hcc'"),
        (lambda f: f.update(lesions=[3]), "needs id and class"),
        (lambda f: f.update(phases=["NC"]), "must be a table"),
        (lambda f: f["phases"].update(NC=70), "each phase must be a table"),
        (lambda f: f.update(clinical="F"), "must be a table"),
        (lambda f: f.update(warnings="one"), "must be a list"),
    ],
)
def test_study_json_that_cannot_be_is_refused(tmp_path, change, says):
    write_case(example_study(), tmp_path)
    edit(tmp_path, change)
    with pytest.raises(InputError, match=says):
        read_case(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_study_json_that_is_not_ours_is_refused(tmp_path, text):
    write_case(example_study(), tmp_path)
    (tmp_path / "study.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"study\.json"):
        read_case(tmp_path)


def test_two_files_for_one_phase_are_refused(tmp_path):
    write_case(example_study(), tmp_path)
    (tmp_path / "NC.nii").write_bytes(b"")
    with pytest.raises(InputError, match=r"both NC\.nii\.gz and NC\.nii"):
        read_case(tmp_path)


def test_folder_without_a_phase_is_no_case(tmp_path):
    write_nifti(tmp_path / "ct.nii.gz", *volume_of(Phase.NC))
    assert not is_case(tmp_path) and not is_case(tmp_path / "nowhere") and not is_case(tmp_path / "ct.nii.gz")
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=r"holds no phase|no case folder"):
            read_case(folder)


def volume_of(phase: Phase):
    volume = example_study().phase(phase)
    return volume.hu, volume.geometry


def test_what_another_study_left_is_not_mixed_in(tmp_path):
    write_case(example_study(), tmp_path)
    study = example_study()
    fewer = replace(study, phases={Phase.NC: study.phase(Phase.NC)})
    with pytest.raises(OutputError, match=r"already holds AP\.nii\.gz"):
        write_case(fewer, tmp_path)
    write_case(study, tmp_path)


def test_uncertainty_on_another_grid_is_refused(tmp_path):
    write_case(example_study(), tmp_path)
    write_nifti(tmp_path / "AP_sd.nii.gz", *volume_of(Phase.PVP))
    with pytest.raises(GeometryError, match="another grid"):
        read_case(tmp_path)
