"""Segments of lesions, or why they are not said."""

from dataclasses import replace

import numpy as np
import pytest
from tests.organs.livers import GRID, liver, places, with_veins

from hepaphase.inference.locate import locate
from hepaphase.study.findings import Finding, Findings, PatientScores
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy


@pytest.fixture(scope="module")
def small() -> AlignedStudy:
    scan = with_veins(liver(), (1.05, 1.75, 2.75))
    masks = {"liver": scan.liver.astype(np.uint8), "vena_cava": scan.cava.astype(np.uint8)}
    hu = {Phase.PVP: scan.hu[Phase.PVP].astype(np.float32)}
    return AlignedStudy("c", GRID, Phase.PVP, hu, {Phase.PVP: Provenance.MEASURED}, {Phase.PVP: 70.0},
                        {Phase.PVP: np.eye(4)}, masks=masks)  # fmt: skip


def lesions() -> np.ndarray:
    p, out = places(), np.zeros(GRID.shape_zyx, np.uint16)
    for number, (turn, z) in enumerate(((2.25, -40), (3.5, 50)), start=1):
        out[(np.abs(p.turn - turn) < 0.15) & (np.abs(p.away - 60) < 8) & (np.abs(p.z - z) < 8)] = number
    return out


def found() -> Findings:
    two = tuple(Finding(k, (0.0, 0.0, 0.0), 1.0, 9.0, 8.0, {"cyst": 1.0}, {}) for k in (1, 2))
    return Findings(PatientScores({"cyst": 1.0}, 0.0), two, {}, 1400.0)


def test_lesions_lie_in_the_segments_they_were_put_in(small):
    told = locate(found(), small, lesions(), (1, 2), small.masks["liver"])
    assert [f.segment.number for f in told.lesions] == [5, 7] and not told.lesions[0].segment_withheld
    swapped = locate(found(), small, lesions(), (2, 1), small.masks["liver"])
    assert [f.segment.number for f in swapped.lesions] == [7, 5]


def test_without_a_vena_cava_or_with_a_part_of_the_liver_none_is_said(small):
    blind = replace(small, masks={"liver": small.masks["liver"]})
    told = locate(found(), blind, lesions(), (1, 2), small.masks["liver"])
    assert all(f.segment is None and "vena cava" in f.segment_withheld[0] for f in told.lesions)
    cut = np.asarray(small.masks["liver"])[14:30]
    told = locate(found(), small, lesions(), (1, 2), cut)
    assert all("not wholly in the field of view" in f.segment_withheld[0] for f in told.lesions)
    none = replace(found(), lesions=())
    assert locate(none, small, lesions(), (), cut) is none
