"""Phases on their own grids land on one, each where it was."""

import numpy as np

from hepaphase.prepare.align import align
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import PhaseVolume, Study

TARGET = Geometry((6, 7, 8), (3.0, 3.0, 3.0), (10.0, 20.0, 30.0))


def position_volume(geometry: Geometry) -> PhaseVolume:
    """A volume whose HU is a linear function of where a voxel lies in the patient."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape_zyx], indexing="ij"), axis=-1)
    hu = geometry.to_lps_mm(index) @ np.array([1.0, 0.5, -0.25])
    return PhaseVolume(hu.astype(np.float32), geometry, Provenance.MEASURED)


def test_each_phase_keeps_its_place_in_the_patient() -> None:
    same = Geometry((40, 41, 42), (1.0, 1.0, 1.0), (0.0, 10.0, 20.0))
    turned = Geometry((50, 51, 52), (1.2, 1.1, 0.9), (60.0, 10.0, 62.0), ((-1, 0, 0), (0, 1, 0), (0, 0, -1)))
    study = Study("a", {Phase.NC: position_volume(turned), Phase.PVP: position_volume(same)})
    aligned = align(study, TARGET)
    wanted = position_volume(TARGET).hu
    for phase in (Phase.NC, Phase.PVP):
        assert np.allclose(aligned.hu[phase], wanted, atol=0.02)
    assert aligned.reference is Phase.PVP
    assert aligned.time_s[Phase.PVP] == 70.0


def test_given_masks_win_over_the_study_s_own() -> None:
    grid = Geometry((6, 7, 8), (3.0, 3.0, 3.0), (10.0, 20.0, 30.0))
    empty, full = np.zeros(grid.shape_zyx, np.uint8), np.ones(grid.shape_zyx, np.uint8)
    study = Study("a", {Phase.NC: position_volume(grid)}, masks={"liver": (empty, grid)})
    assert align(study, grid, masks={"liver": (full, grid)}).masks["liver"].all()
    assert not align(study, grid).masks["liver"].any()
