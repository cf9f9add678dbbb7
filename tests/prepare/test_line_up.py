from dataclasses import replace

import numpy as np
import pytest

from hepaphase.prepare.align import align
from hepaphase.prepare.line_up import LinedUp, line_up
from hepaphase.study.phase import Phase
from hepaphase.study.study import MaskArray, PhaseVolume, Study

from .moved_liver import GRIDS, Moved, moved_liver


def lined(case: Moved, **phases: PhaseVolume) -> LinedUp:
    volumes = {Phase.NC: case.moving, Phase.PVP: case.fixed, **{Phase(k): v for k, v in phases.items()}}
    masks = {id(case.moving): case.moved_liver, id(case.fixed): case.liver}

    def segment(volume: PhaseVolume) -> MaskArray:
        return masks.get(id(volume), np.zeros_like(case.liver))

    return line_up(Study(case="one", phases=volumes), Phase.PVP, case.liver, segment)


@pytest.fixture(scope="module")
def case() -> Moved:
    return moved_liver(GRIDS[0], (2.0, -2.0, 12.0))


def test_phases_lie_on_the_reference_afterwards(case: Moved) -> None:
    got = lined(case)
    assert not got.failed and not got.warnings
    assert got.quality[Phase.NC].dice > 0.93
    study = align(got.study, case.fixed.geometry, transforms=got.transforms)
    plain = align(got.study, case.fixed.geometry)
    inside = case.liver > 0
    levels = {name: np.abs(s.hu[Phase.NC][inside] - 55).mean() for name, s in {"lined": study, "plain": plain}.items()}
    assert levels["lined"] < 0.6 * levels["plain"]
    # within a voxel of 3.5 mm; 2.01 mm were seen on one kind of processor
    assert np.allclose(study.transforms[Phase.NC][:3, 3], (2, -2, 12), atol=3)
    assert np.array_equal(study.transforms[Phase.PVP], np.eye(4))


def test_a_phase_that_cannot_be_lined_up_is_missing_and_the_reader_is_told(case: Moved) -> None:
    rng = np.random.default_rng(0)
    noise = replace(case.moving, hu=rng.normal(50, 20, case.moving.hu.shape).astype(np.float32))
    got = lined(case, DP=noise)
    assert got.failed == (Phase.DP,)
    assert set(got.study.phases) == {Phase.NC, Phase.PVP}
    assert len(got.warnings) == 1
    assert "DP" in got.warnings[0] and "missing" in got.warnings[0]
    assert Phase.DP in got.quality


def test_a_mask_unlike_what_is_found_fails_no_phase(case: Moved) -> None:
    """A user's own outline, here the upper half of the liver, guides; the judge compares what is found in both."""
    half = case.liver.copy()
    half[: case.liver.shape[0] // 2] = 0
    found = {id(case.moving): case.moved_liver, id(case.fixed): case.liver}
    study = Study(case="one", phases={Phase.NC: case.moving, Phase.PVP: case.fixed})
    got = line_up(study, Phase.PVP, half, lambda volume: found[id(volume)])
    assert not got.failed and got.quality[Phase.NC].dice > 0.9
    blind = line_up(study, Phase.PVP, case.liver, lambda volume: np.zeros_like(case.liver))
    assert blind.failed == (Phase.NC,)
