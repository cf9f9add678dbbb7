"""A reader's head of origins, calibrated on other patients."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.diagnosis.tiny import TINY
from tests.training.lesion_cohort import write_case

from hepaphase.base.errors import InputError
from hepaphase.benchmark.origin_head import calibrated, head_shares
from hepaphase.bundle.bundle import Bundle
from hepaphase.bundle.origins import head_calibration
from hepaphase.diagnosis.build import build
from hepaphase.diagnosis.diagnose import Reader
from hepaphase.diagnosis.origins import ORIGIN_INDEX
from hepaphase.diagnosis.postprocess import ReadConfig
from hepaphase.study.lesions import METASTASIS_ORIGINS


def cohort(folder: Path, *origins: str) -> Path:
    """Patients with one metastasis each; none where there is no origin."""
    folder.mkdir()
    for number, origin in enumerate(origins):
        path = write_case(folder, number, ("hcc",))
        with np.load(path) as file:
            fields = dict(file.items())
        np.savez(path, **(fields | {"lesion_origins": np.array((origin,))}))
    return folder


def reader(*, lung: float) -> Reader:
    """One whose head says lung by ``lung`` more than anything else, of whatever it sees."""
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, num_origins=len(METASTASIS_ORIGINS))
    network = build(config)
    head = network.voxel_heads.origins
    assert head is not None and head.bias is not None
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    head.bias.data[ORIGIN_INDEX["lung"]] = lung
    return Reader(network, config, ReadConfig())


def test_the_head_is_as_sure_as_it_was_right_on_validation(tmp_path: Path) -> None:
    """Lung is right for two of three there; told by a logit of 8 that is three hundred to one."""
    validation = cohort(tmp_path / "validation", "lung", "lung", "breast")
    test = cohort(tmp_path / "test", "breast", "", "lung")
    found = head_shares(reader(lung=8.0), validation, test, quiet=True)
    assert found.shares.shape == (2, len(METASTASIS_ORIGINS)) and found.num_validation == 3
    assert found.shares.sum(axis=1) == pytest.approx(1)
    assert found.shares[:, ORIGIN_INDEX["lung"]] == pytest.approx(2 / 3, abs=0.01)
    assert found.temperature > 1


def test_the_calibrated_reader_says_how_often_it_is_right(tmp_path: Path) -> None:
    validation = cohort(tmp_path / "validation", "lung", "lung", "breast")
    head = head_shares(reader(lung=8.0), validation, cohort(tmp_path / "test", "breast", "lung"), quiet=True)
    plain = Bundle(kind="diagnosis", config={}, card={"title": "mine"})
    held = Bundle.load(calibrated(plain, head, "some").save(tmp_path / "reader.hepa"))
    known = head_calibration(held)
    assert known is not None and held.card["title"] == "mine" and head_calibration(plain) is None
    assert (known["cohort"], known["num_patients"], known["top_1"]["value"]) == ("some", 2, 0.5)
    assert known["temperature"] == pytest.approx(head.temperature)


def test_a_reader_without_the_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="train origins"):
        head_shares(Reader(build(TINY), TINY, ReadConfig()), tmp_path, tmp_path, quiet=True)
