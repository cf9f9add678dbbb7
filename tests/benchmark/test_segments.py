"""Segments of simulated patients: what counts as right, as a neighbor, and as withheld."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from tests.tiny_models import tiny_models

from hepaphase.benchmark.segments import SegmentRow, at_rest, neighbors, run, table, write
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.phantom.population import SIM_REFERRAL
from hepaphase.study.phase import Phase


def test_neighbors_share_a_face():
    map_ = np.zeros((3, 4, 6), np.uint8)
    map_[:, :, 1:3], map_[:, :, 3], map_[2, :, 4:] = 4, 8, 5
    near = neighbors(map_)
    assert near[4] == {4, 8} and near[8] == {4, 5, 8} and near[2] == {2}


def rows(number: int) -> list[SegmentRow]:
    found = [SegmentRow(case=f"p{k}", setting="PVP", lesion=1, true=8, found=8 if k % 2 else 7, is_neighbor=True,
                        baseline_is_neighbor=True, confidence=0.95) for k in range(number)]  # fmt: skip
    return [*found, *(replace(r, lesion=0, voxels=0.75, true=0, found=0) for r in found)]


def test_the_table_counts_lesions_and_patients(tmp_path):
    withheld = [SegmentRow(case="q", setting="PVP", lesion=k, true=5 * k, why="no cava") for k in (0, 1)]
    told = write([*rows(12), *withheld], tmp_path, "12 patients.")
    line = next(one for one in told.splitlines() if one.startswith("| PVP | 13 (1)"))
    assert "| 12 | 0.500 [" in line and "| 1.000 [1.000, 1.000] | 1.000" in line and "0.750" in line
    assert "(too few)" in table(rows(4)) and "| PVP | 0.9 to 1 | 12 | 0.500" in told
    held = list(csv.DictReader((tmp_path / "segments.csv").read_text().splitlines()))
    assert len(held) == 26 and held[-1]["why"] == "no cava"


def test_a_patient_at_rest_has_two_phases_on_the_grid_of_the_truth():
    case = at_rest(40, SIM_REFERRAL)
    assert tuple(case.study.phases) == (Phase.NC, Phase.PVP) and case.truth.segments.max() == 8


@pytest.mark.slow
def test_a_simulated_patient_is_divided_by_our_own_masks():
    models = replace(tiny_models(), organs=Bundle.load(shipped("organs"), kind="organs"))
    told = run([40], models, SIM_REFERRAL, quiet=True)
    whole = [r for r in told if not r.lesion]
    assert [r.setting for r in whole] == ["NC", "PVP", "PVP, its veins not looked at"]
    assert all(r.voxels > 0.5 for r in whole)
