from dataclasses import replace

import numpy as np
import pytest
from tests.toy_exams import aligned, toy_exam

from hepaphase.base.errors import InputError
from hepaphase.prepare.in_hu import check_in_hu, doubts_of
from hepaphase.study.phase import Phase


@pytest.fixture
def scan() -> tuple[np.ndarray, np.ndarray]:
    """A liver of 60 HU, fat, lung and the air around."""
    rng = np.random.default_rng(0)
    liver = np.zeros((12, 20, 20), np.uint8)
    liver[2:10, 5:15, 5:15] = 1
    hu = np.where(liver > 0, 60.0, -100.0)
    hu[:, :3], hu[:, 3:5] = -1000.0, -850.0
    return hu + rng.normal(0, 12, hu.shape), liver


def test_what_is_in_hu_passes_in_every_phase(scan) -> None:
    hu, liver = scan
    for phase, added in ((Phase.NC, 0.0), (Phase.AP, 20.0), (Phase.PVP, 60.0), (Phase.DP, 40.0)):
        assert doubts_of(phase, hu + added * liver, liver) == []


@pytest.mark.parametrize("moved", [-1024.0, 1024.0])
def test_a_phase_moved_by_an_intercept_is_refused(scan, moved) -> None:
    hu, liver = scan
    with pytest.raises(InputError, match="PVP cannot be in HU"):
        doubts_of(Phase.PVP, np.maximum(hu + moved, -990), liver)


def test_a_slope_that_was_lost_is_a_doubt(scan) -> None:
    hu, liver = scan
    found = doubts_of(Phase.NC, 0.5 * hu, liver)
    assert len(found) == 2 and "fat measures -5" in found[0] and "air measures" in found[1]
    assert "expected are -30 to 130" in doubts_of(Phase.NC, hu + 120 * liver, liver)[0]


def test_a_phase_that_shows_no_liver_says_nothing_and_every_scanned_phase_is_looked_at(scan) -> None:
    hu, liver = scan
    assert doubts_of(Phase.NC, np.full_like(hu, -1000.0), liver) == []
    study = aligned(toy_exam(2, (16, 24, 24)))
    assert check_in_hu(study) == ()
    moved = replace(study, hu={**study.hu, Phase.DP: study.hu[Phase.DP] + 1024})
    with pytest.raises(InputError, match="DP cannot be in HU"):
        check_in_hu(moved)
    assert check_in_hu(replace(moved, clinical={"hu_trust": "windowed"})) == ()
    assert check_in_hu(replace(moved, masks={})) == ()
