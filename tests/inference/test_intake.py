"""Volumes without names become a study: simulated files, a scanner's series, and real scans."""

from pathlib import Path

import numpy as np
import pytest
from tests.dicom_study import write_study
from tests.shared_data import shared_data

from hepaphase.base.errors import InputError
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.inference.intake import take_in
from hepaphase.io.nifti import write_nifti
from hepaphase.phantom.seeds import seed_range
from hepaphase.phantom.simulate import simulate
from hepaphase.study.phase import Phase
from hepaphase.study.study import Study


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
    ],
)
def test_real_scans_are_told(name: str, phase: Phase) -> None:
    assert list(take_in(shared_data(name), organs).phases) == [phase]
