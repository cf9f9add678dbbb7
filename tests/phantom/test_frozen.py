"""Patients of the shipped models and of published figures must not change."""

import pytest

from hepaphase.phantom.grids import Grid
from hepaphase.phantom.manifest import TOLERANCE_HU, drawn_hash, volume_stats
from hepaphase.phantom.simulate import simulate
from hepaphase.study.phase import Phase

GRID = Grid(shape_zyx=(16, 22, 26), spacing_zyx_mm=(11.0, 10.0, 9.0))
FROZEN = {
    1_000_000: (
        "ca4de48373812f51",
        ((-255.507, 421.668), (-255.497, 429.674), (-252.516, 434.524), (-258.442, 436.767)),
    ),
    10_003: (
        "e27cf88355a015fe",
        ((-221.666, 383.173), (-216.478, 393.536), (-204.683, 392.636), (-205.802, 387.447)),
    ),
    20_007: ("00e32d6dc092bd95", ((-32.498, 171.835), (-25.386, 188.394), (-5.412, 182.343), (-8.625, 179.165))),
    1_034: ("a960197e43f40d78", ((-104.277, 292.702), (-66.297, 275.183), (-60.25, 273.262), (-60.356, 268.842))),
}
"""Seed to the hash of what is drawn, and mean and standard deviation of each phase, HU."""


@pytest.mark.parametrize("seed", FROZEN)
def test_patients_of_the_main_cohorts_stay_as_they_were(seed: int) -> None:
    case = simulate(seed, grid=GRID)
    drawn, volumes = FROZEN[seed]
    assert drawn_hash(case.truth.drawn) == drawn
    for phase, (mean, sd) in zip(Phase, volumes, strict=True):
        stats = volume_stats(case.study.phases[phase].hu)
        assert stats["mean"] == pytest.approx(mean, abs=TOLERANCE_HU)
        assert stats["sd"] == pytest.approx(sd, abs=TOLERANCE_HU)
