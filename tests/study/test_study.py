"""A study holds what it was given and refuses what cannot be."""

from dataclasses import replace

import numpy as np
import pytest

from hepaphase.base.errors import GeometryError, MissingPhaseError, StudyError, VolumeError
from hepaphase.study.cut import Cut
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import PhaseVolume, Study

GRID = Geometry((4, 5, 6), (1.0, 2.0, 3.0), (7.0, 8.0, 9.0))


def volume(provenance: Provenance = Provenance.MEASURED) -> PhaseVolume:
    return PhaseVolume(np.zeros(GRID.shape_zyx, np.float32), GRID, provenance)


def test_phases_come_in_order_of_time() -> None:
    study = Study("a", {Phase.DP: volume(), Phase.NC: volume()})
    assert list(study.phases) == [Phase.NC, Phase.DP]


def test_the_reference_is_portal_if_scanned_else_arterial_delayed_plain() -> None:
    assert Study("a", {p: volume() for p in Phase}).reference() is Phase.PVP
    assert Study("a", {Phase.NC: volume(), Phase.DP: volume()}).reference() is Phase.DP
    generated = Study("a", {Phase.NC: volume(), Phase.PVP: volume(Provenance.SYNTHETIC)})
    assert generated.reference() is Phase.NC


def test_a_missing_phase_is_named() -> None:
    with pytest.raises(MissingPhaseError, match=r"no DP phase \(has: NC\)"):
        Study("a", {Phase.NC: volume()}).phase(Phase.DP)


def test_an_empty_study_is_refused() -> None:
    with pytest.raises(StudyError):
        Study("a", {})


def test_a_mask_on_another_shape_is_refused() -> None:
    with pytest.raises(GeometryError):
        Study("a", {Phase.NC: volume()}, masks={"liver": (np.zeros((4, 5, 7), np.uint8), GRID)})


@pytest.mark.parametrize(
    "hu", [np.full((4, 5, 6), np.nan, np.float32), np.zeros((4, 5, 6)), np.zeros((4, 5), np.float32)]
)
def test_voxels_that_cannot_be_hu_are_refused(hu: np.ndarray) -> None:
    with pytest.raises(VolumeError):
        PhaseVolume(hu, GRID, Provenance.MEASURED)


def test_a_volume_off_its_grid_is_refused() -> None:
    with pytest.raises(GeometryError):
        PhaseVolume(np.zeros((4, 5, 7), np.float32), GRID, Provenance.MEASURED)


def test_a_generated_phase_is_no_reference() -> None:
    made = volume(Provenance.SYNTHETIC)
    with pytest.raises(MissingPhaseError, match=r"no scanned DP phase \(scanned: NC\)"):
        Study("a", {Phase.NC: volume(), Phase.DP: made}).reference(Phase.DP)
    with pytest.raises(MissingPhaseError, match=r"Every phase of 'a' was generated \(AP, DP\)"):
        Study("a", {Phase.AP: made, Phase.DP: made}).reference()


@pytest.mark.parametrize(("phase", "time_s"), [(Phase.PVP, -5.0), (Phase.NC, np.inf), (Phase.DP, np.nan)])
def test_times_that_cannot_be_are_refused(phase: Phase, time_s: float) -> None:
    with pytest.raises(StudyError, match=f"{phase} has time_s"):
        Study("a", {phase: replace(volume(), time_s=time_s)})


def test_a_plain_scan_may_lie_before_the_injection() -> None:
    assert Study("a", {Phase.NC: replace(volume(), time_s=-60.0)}).phase(Phase.NC).time_s == -60.0


def test_a_grid_that_no_scanner_has_is_refused() -> None:
    meters = Geometry((4, 5, 6), (1000.0, 2.0, 3.0), (0.0, 0.0, 0.0))
    with pytest.raises(GeometryError, match="6 m long"):
        PhaseVolume(np.zeros((4, 5, 6), np.float32), meters, Provenance.MEASURED)


def test_a_part_lies_exactly_where_it_was_cut_from() -> None:
    start, stop = (1, 2, 0), (3, 5, 4)
    grid = GRID.crop(start, stop)
    hu = np.zeros(grid.shape_zyx, np.float32)
    part = PhaseVolume(hu, grid, Provenance.MEASURED, cut=Cut(whole=GRID, start_zyx=start, digest=""))
    assert part.whole == GRID and volume().whole == GRID
    for wrong in ((0, 2, 0), (1, 2, -1), (3, 2, 0)):
        with pytest.raises(GeometryError, match="not what was cut"):
            replace(part, cut=Cut(whole=GRID, start_zyx=wrong, digest=""))
    x, y, z = grid.origin_lps_mm
    with pytest.raises(GeometryError, match="not what was cut"):
        replace(part, geometry=replace(grid, origin_lps_mm=(x + 1e-9, y, z)))
