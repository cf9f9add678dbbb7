import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.benchmark.times import TIMES_S, phase_at, run, statistics, truth_at, write
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.simulate import draw, render
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.carry import Generator as Carry
from hepaphase.synthesis.protocol import Generated

GRID = Grid(shape_zyx=(12, 20, 22), spacing_zyx_mm=(14.0, 13.0, 12.0))


def test_at_the_times_of_the_exam_the_truth_is_that_of_the_exam() -> None:
    drawn = draw(5)
    times = [drawn.exam.times_s[p] for p in (Phase.AP, Phase.PVP, Phase.DP)]
    truth = render(drawn, GRID).truth
    offset = drawn.exam.offset_hu
    for phase, found in zip((Phase.AP, Phase.PVP, Phase.DP), truth_at(drawn, times, grid=GRID), strict=True):
        expected = truth.reference_hu[phase] - offset[phase] + offset[Phase.PVP]
        np.testing.assert_allclose(found, expected, atol=1e-3)
    with pytest.raises(ConfigError, match="three at once"):
        truth_at(drawn, [30.0], grid=GRID)


class Oracle:
    """Knows the patient, but for 3 HU."""

    def __init__(self, seed: int) -> None:
        drawn = draw(seed)
        self.truth = dict(zip(TIMES_S, truth_at(drawn, TIMES_S, grid=GRID), strict=True))
        self.asked: list[Phase] = []

    def generate(self, study, target, *, time_s=None) -> Generated:
        self.asked.append(target)
        hu = self.truth[time_s] + np.float32(3)
        return Generated(hu=hu, sd_hu=np.ones_like(hu), residual_hu=np.zeros_like(hu), time_s=time_s)


def test_curves_are_followed(tmp_path) -> None:
    oracle = Oracle(5)
    rows = run([5], {"oracle": oracle, "carry": Carry()}, grid=GRID, quiet=True)
    assert len(rows) == 2 * len(TIMES_S) == 24 and set(oracle.asked) == {Phase.AP, Phase.PVP, Phase.DP}
    found = {s.name: s.interval.value for s in statistics([r for r in rows if r.generator == "oracle"])}
    assert found["liver at 70 s: MAE"] == pytest.approx(3) and found["aorta curve: RMS"] == pytest.approx(3, abs=0.01)
    carried = {s.name: s.interval.value for s in statistics([r for r in rows if r.generator == "carry"])}
    assert carried["aorta at 37 s: MAE"] > 50 > carried["liver at 15 s: MAE"]
    table = write(rows, tmp_path / "out", {"cohort": "ci"}, Bootstrap(num_resamples=10))
    assert "| liver curve: RMS |" in table and (tmp_path / "out" / "rows.csv").is_file()


def test_a_time_belongs_to_the_nearest_phase() -> None:
    assert [phase_at(t) for t in (15.0, 50.0, 60.0, 126.0, 300.0)] == [
        *(Phase.AP,),
        Phase.AP,
        Phase.PVP,
        Phase.DP,
        Phase.DP,
    ]
