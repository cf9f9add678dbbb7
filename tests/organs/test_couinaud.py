"""Segments of a liver whose veins are where we put them."""

from dataclasses import replace

import numpy as np
import pytest

from hepaphase.organs.couinaud import divide
from hepaphase.organs.division_checks import implausible
from hepaphase.study.phase import Phase

from .livers import liver, places, with_veins

PLANES = (1.05, 1.75, 2.75)


@pytest.fixture(scope="module")
def division():
    return divide(with_veins(liver(), PLANES))


def test_planes_follow_the_veins(division):
    assert division.veins_in is Phase.PVP
    one = division.borders.median()
    assert [float(getattr(one, n)[0]) for n in ("left", "middle", "right")] == pytest.approx(PLANES, abs=0.09)
    blind = divide(replace(liver(), hu={}))
    assert blind.veins_in is None
    assert all(blind.borders.sd(n) > division.borders.sd(n) for n in ("left", "middle", "right"))


def test_the_same_liver_is_divided_alike_again(division):
    assert np.array_equal(divide(with_veins(liver(), PLANES)).labels, division.labels)


def test_shares_are_those_of_livers_and_segments_of_one_piece(division):
    assert sum(division.shares.values()) == pytest.approx(1) and implausible(division) == []
    assert set(np.unique(division.labels[liver().liver])) == set(range(1, 9))


def test_a_lesion_in_the_middle_of_a_segment_is_sure_and_one_on_a_border_is_not(division):
    p = places()
    deep = (np.abs(p.turn - 2.25) < 0.15) & (np.abs(p.away - 60) < 8) & (np.abs(p.z + 40) < 8)
    told = division.segment_of(deep)
    assert told.number == 5 and told.confidence > 0.9 and list(told.shares) == [5]
    across = (np.abs(p.turn - PLANES[2]) < 0.12) & (np.abs(p.away - 60) < 8) & (np.abs(p.z + 40) < 8)
    told = division.segment_of(across)
    assert set(told.shares) == {5, 6} and told.confidence < 0.95
    assert told.border == "right hepatic vein" and told.to_border_mm < 8


def test_a_division_that_no_liver_has_is_not_believed(division):
    labels = np.where(division.labels == 8, 7, division.labels).astype(np.uint8)
    told = " ".join(implausible(replace(division, labels=labels)))
    assert "segment 8 would hold 0 %" in told.lower().replace("0%", "0 %") and "Segment 8 would be missing" in told
    torn = division.labels.copy()
    torn[(torn == 4) & (np.abs(places().z) < 30)] = 5
    assert "Segment 4 would fall into 2 pieces" in " ".join(implausible(replace(division, labels=torn)))


def test_what_cannot_be_told_is_said():
    assert "vena cava" in divide(replace(liver(), cava=np.zeros_like(liver().cava)))
    scan = liver()
    mirrored = replace(scan, cava=np.roll(scan.cava, -30, axis=2))
    assert "left of the vena cava" in divide(mirrored)
