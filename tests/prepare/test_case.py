"""Phases of a cohort are lined up and judged when it is prepared."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from hepaphase.base.errors import ConfigError
from hepaphase.io.case import write_case
from hepaphase.prepare.case import line_up_study, prepare_case
from hepaphase.prepare.cohort import Tools, prepare_cohort
from hepaphase.prepare.crop import LiverGrid
from hepaphase.study.phase import Phase
from hepaphase.study.study import MaskArray, PhaseVolume, Study
from hepaphase.training.cohort import read_prepared

from .moved_liver import GRIDS, moved_liver

SHIFT_MM = (2.0, -2.0, 12.0)
GRID = LiverGrid(spacing_mm=4.0, shape_zyx=(32, 32, 32))


def not_fat(volume: PhaseVolume) -> MaskArray:
    return np.asarray(volume.hu > -40, np.uint8)


def visit(grid: Any = GRIDS[0]) -> Study:
    """NC lies elsewhere than PVP; DP is noise; a lesion is drawn on NC."""
    moved = moved_liver(grid, SHIFT_MM)
    noise = np.random.default_rng(0).normal(50, 20, moved.moving.hu.shape).astype(np.float32)
    inside = moved.moved_liver > 0
    middle = tuple(int(n) for n in np.argwhere(inside).mean(axis=0))
    lesions = np.zeros(inside.shape, np.uint16)
    lesions[tuple(slice(n - 1, n + 2) for n in middle)] = 4
    return Study(
        case="one",
        phases={Phase.NC: moved.moving, Phase.PVP: moved.fixed, Phase.DP: replace(moved.moving, hu=noise)},
        masks={"liver": (moved.liver, grid), "lesions": (lesions, grid)},
        clinical={"lesions_phase": "NC"},
    )


def test_a_mask_goes_with_the_phase_it_was_drawn_on() -> None:
    whole = visit(GRIDS[1])
    study = replace(whole, phases={p: whole.phase(p) for p in (Phase.NC, Phase.PVP)})
    plain = prepare_case(study, grid=GRID)
    made = prepare_case(study, grid=GRID, segment=not_fat, register=True)
    assert not made.failed and not made.warnings
    middles = [
        made.study.geometry.to_lps_mm(np.array(ndimage.center_of_mass(case.study.masks["lesions"] > 0)))
        for case in (plain, made)
    ]
    np.testing.assert_allclose(middles[0] - middles[1], SHIFT_MM, atol=3.5)  # a voxel is 4 mm
    assert np.array_equal(plain.study.masks["liver"], made.study.masks["liver"])
    on_pvp = prepare_case(replace(study, clinical={}), grid=GRID, segment=not_fat, register=True)
    assert np.array_equal(on_pvp.study.masks["lesions"], plain.study.masks["lesions"])


def test_without_a_judge_nothing_is_lined_up() -> None:
    with pytest.raises(ConfigError, match="livers"):
        prepare_case(visit(), register=True)
    with pytest.raises(ConfigError, match="livers"):
        Tools(register=True)


def test_a_cohort_tells_what_the_judge_found_also_from_the_cache(tmp_path: Path) -> None:
    write_case(visit(), tmp_path / "in" / "one")
    out = tmp_path / "out"
    told = []
    for _ in range(2):
        done = prepare_cohort(tmp_path / "in", out, tools=Tools(segment=not_fat, register=True), grid=GRID, quiet=True)
        assert done.not_lined_up == (("one", "DP"),)
        told.append(((out / "registration.csv").read_text(), (out / "one.npz").stat().st_mtime_ns))
    assert told[0] == told[1]
    nc, dp = csv.DictReader((out / "registration.csv").read_text().splitlines())
    assert (nc["phase"], nc["verdict"], nc["why"]) == ("NC", "lined up", "") and float(nc["dice"]) > 0.9
    assert (dp["phase"], dp["verdict"]) == ("DP", "left out") and dp["why"]
    assert "DP phase could not be lined up" in (out / "warnings.csv").read_text()
    assert list(read_prepared(done.paths[0]).hu) == [Phase.NC, Phase.PVP]
    trusted = prepare_cohort(tmp_path / "in", out, tools=Tools(segment=not_fat), grid=GRID, quiet=True)
    assert trusted.not_lined_up == () and list(read_prepared(trusted.paths[0]).hu) == [Phase.NC, Phase.PVP, Phase.DP]
    assert len((out / "registration.csv").read_text().splitlines()) == 1


def test_a_study_taken_elsewhere_lies_on_one_grid_lined_up() -> None:
    study = visit(GRIDS[1])
    made = line_up_study(study, not_fat)
    assert list(made.phases) == [Phase.NC, Phase.PVP] and "DP" in made.warnings[0]
    inside = study.masks["liver"][0] > 0
    error_hu = [np.abs(found.phase(Phase.NC).hu[inside] - 57).mean() for found in (study, made)]
    assert error_hu[1] < 0.6 * error_hu[0]
    assert np.array_equal(made.phase(Phase.PVP).hu, study.phase(Phase.PVP).hu)
    shift_mm = [GRIDS[1].to_lps_mm(np.array(ndimage.center_of_mass(s.masks["lesions"][0]))) for s in (study, made)]
    np.testing.assert_allclose(shift_mm[0] - shift_mm[1], SHIFT_MM, atol=3.5)
