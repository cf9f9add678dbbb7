"""Volumes without names become a study: simulated files, a scanner's series, and real scans."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.dicom_study import write_study
from tests.shared_data import shared_data

from hepaphase.base.errors import InputError
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.inference.intake import measured_names, take_in
from hepaphase.io.case import write_case
from hepaphase.io.nifti import write_nifti
from hepaphase.organs.segment import segment_organs
from hepaphase.phantom.seeds import seed_range
from hepaphase.phantom.simulate import simulate
from hepaphase.prepare.cohort import Tools, prepare_cohort
from hepaphase.study.phase import Phase
from hepaphase.study.study import Study
from hepaphase.training.cohort import read_prepared


def organs() -> Bundle:
    return Bundle.load(shipped("organs"), kind="organs")


@pytest.fixture(scope="module")
def whole() -> Study:
    return simulate(seed_range("ci")[0]).study


def test_files_of_any_names_are_told_apart(whole: Study, tmp_path: Path) -> None:
    for name, phase in {"c": Phase.NC, "a": Phase.PVP, "b": Phase.AP}.items():
        volume = whole.phase(phase)
        write_nifti(tmp_path / f"{name}.nii.gz", np.round(volume.hu), volume.geometry)
    write_nifti(tmp_path / "liver.nii.gz", *whole.masks["liver"])
    study = take_in(tmp_path, organs)
    assert list(study.phases) == [Phase.NC, Phase.AP, Phase.PVP]
    for phase, volume in study.phases.items():
        assert np.array_equal(volume.hu, np.round(whole.phase(phase).hu))
        assert volume.recognised_by == "measured"
    assert np.array_equal(study.masks["liver"][0], whole.masks["liver"][0])


def test_a_swap_in_a_case_folder_is_said_and_stays(whole: Study, tmp_path: Path) -> None:
    names = {Phase.NC: Phase.AP, Phase.AP: Phase.NC}
    mixed = replace(whole, phases={p: whole.phase(names[p]) for p in names})
    write_case(mixed, tmp_path / "case")
    study = take_in(tmp_path / "case", organs)
    assert [text for text in study.warnings if "NC measures as AP and AP as NC" in text]
    assert np.array_equal(study.phase(Phase.NC).hu, mixed.phase(Phase.NC).hu)


@pytest.mark.slow
def test_a_folder_of_dicom_is_prepared(whole: Study, tmp_path: Path) -> None:
    write_study(tmp_path / "in" / "visit", whole)
    network = organs()
    tools = Tools(
        namer=measured_names(lambda: network), segment=lambda volume: segment_organs(volume, network)["liver"]
    )
    done = prepare_cohort(tmp_path / "in", tmp_path / "out", tools=tools, quiet=True)
    assert list(read_prepared(done.paths[0]).hu) == list(Phase) and not done.left_out


@pytest.mark.slow
def test_one_series_of_a_scanner_comes_in_as_four_phases(whole: Study, tmp_path: Path) -> None:
    write_study(tmp_path, whole)
    study = take_in(tmp_path, organs)
    assert list(study.phases) == list(Phase)
    for phase, volume in study.phases.items():
        assert (
            np.abs(volume.hu - whole.phase(phase).hu)[whole.masks["body"][0] > 0].max() < 1.01
        )  # stored in steps of 2
        volume.geometry.require(whole.phase(phase).geometry, what=phase)


def test_a_mask_alone_is_refused(whole: Study, tmp_path: Path) -> None:
    write_nifti(tmp_path / "liver.nii.gz", *whole.masks["liver"])
    with pytest.raises(InputError, match="mask"):
        take_in(tmp_path, organs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("cptac-pda_C3L-00189_dicom", Phase.PVP),
        ("chaos_ct_03", Phase.PVP),
        ("totalsegmentator_example/example_ct_sm.nii.gz", Phase.NC),
        ("tcga-ov_09-2043_dicom", Phase.DP),  # fluid is taken for its spleen
    ],
)
def test_real_scans_are_told(name: str, phase: Phase) -> None:
    assert list(take_in(shared_data(name), organs).phases) == [phase]
