import csv
from pathlib import Path

import numpy as np
import pytest
from tests.prepare.moved_liver import GRIDS, moved_liver

from hepaphase.benchmark.motion import MovedCase, draw_motion, move, points_in, target_error_mm
from hepaphase.benchmark.registration import FAILURES, case_rows, write
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.phantom.simulate import Grid, simulate
from hepaphase.prepare.register import Transform
from hepaphase.study.phase import Phase
from hepaphase.study.study import MaskArray, PhaseVolume


def moved(number: int) -> MovedCase:
    case = moved_liver(GRIDS[number], (2.0, 1.0, 11.0), seed=number)
    lesions = np.zeros(case.liver.shape, np.uint16)
    lesions[8:11, 12:15, 12:15] = 1
    return MovedCase(case.fixed, case.moving, Phase.NC, case.motion, case.liver, case.moved_liver, lesions)


def test_rows_hold_the_error_before_and_after_and_what_the_judge_says(tmp_path: Path) -> None:
    cases = moved(0), moved(1)
    masks = {id(v): m for c in cases for v, m in ((c.fixed, c.liver), (c.moving, c.moved_liver))}

    def segment(volume: PhaseVolume) -> MaskArray:
        return masks.get(id(volume), np.zeros(volume.geometry.shape_zyx, np.uint8))

    rows = case_rows("one", cases[0], cases[1], segment)
    assert [row.kind for row in rows] == list(FAILURES)
    by_kind = {row.kind: row for row in rows}
    assert by_kind["registered"].figures["error_mm"] < 2.5 < by_kind["not registered"].figures["error_mm"]
    assert not by_kind["registered"].refused
    assert by_kind["folded"].refused and by_kind["shifted 20 mm"].refused
    assert by_kind["registered"].figures["lesion_volume_ratio"] == pytest.approx(1, abs=0.3)
    table = write(rows, tmp_path, {"cohort": "made up"}, Bootstrap(num_resamples=20))
    assert "error_mm, before" in table and "refused: folded" in table
    with (tmp_path / "rows.csv").open(newline="") as file:
        assert [row["kind"] for row in csv.DictReader(file)] == list(FAILURES)


def test_a_simulated_phase_is_moved_as_the_truth_says() -> None:
    case = simulate(10_000, grid=Grid(shape_zyx=(20, 28, 28), spacing_zyx_mm=(9.0, 9.0, 9.0)))
    got = move(case, Phase.AP, seed=3)
    points = points_in(got.liver > 0, got.fixed.geometry, num=50, seed=1)
    assert target_error_mm(got.motion, got.motion, points).max() == 0
    assert target_error_mm(Transform.identity(), got.motion, points).mean() > 1
    again = draw_motion(3, got.fixed.geometry, got.motion.matrix[:3, 3])
    assert again.bend is not None and got.motion.bend is not None
    assert np.array_equal(again.bend.mm, got.motion.bend.mm)
    volumes = [np.count_nonzero(m) for m in (got.liver, got.moved_liver)]
    assert volumes[1] == pytest.approx(volumes[0], rel=0.3)
