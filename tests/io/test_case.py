"""Case folders in and out."""

from dataclasses import replace

import numpy as np
import pytest

from hepaphase.io.case import read_case, write_case
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import LesionRow, PhaseVolume, Study

COARSE = Geometry((4, 5, 6), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))
FINE = Geometry((9, 7, 8), (0.5, 0.6, 1.25), (-111.0, 34.0, -719.0), ((-1.0, 0, 0), (0, -1.0, 0), (0, 0, 1.0)))


def volume(geometry: Geometry, provenance: Provenance = Provenance.MEASURED, **known) -> PhaseVolume:
    hu = np.random.default_rng(3).normal(50, 20, geometry.shape_zyx).astype(np.float32)
    return PhaseVolume(hu, geometry, provenance, **known)


def example() -> Study:
    lesions = np.zeros(FINE.shape_zyx, dtype=np.uint16)
    lesions[2:4, 2:4, 2:4] = 1
    lesions[6, 5, 5] = 300
    sd_hu = np.full(COARSE.shape_zyx, 12.5, dtype=np.float32)
    return Study(
        case="case 7 ü",
        phases={
            Phase.NC: volume(COARSE, time_s=0.0),
            Phase.AP: volume(COARSE, Provenance.SYNTHETIC, time_s=35.5, sd_hu=sd_hu, recognised_by="flag"),
            Phase.PVP: volume(FINE, Provenance.SIMULATED, time_s=70.0),
        },
        masks={"liver": (np.ones(COARSE.shape_zyx, dtype=np.uint8), COARSE), "lesions": (lesions, FINE)},
        lesion_table=(LesionRow(1, "hcc", {"long_axis_mm": 31.5}), LesionRow(300, "cyst")),
        clinical={"sex": "F", "age": 61},
        warnings=("a doubt",),
    )


def test_round_trip_keeps_all_there_is(tmp_path):
    study = example()
    write_case(study, tmp_path / "case")
    again = read_case(tmp_path / "case")
    for name in ("case", "lesion_table", "clinical", "warnings"):
        assert getattr(again, name) == getattr(study, name)
    assert list(again.phases) == list(study.phases)
    for phase, before in study.phases.items():
        after = again.phases[phase]
        np.testing.assert_array_equal(after.hu, before.hu)
        assert before.geometry.corner_distance_mm(after.geometry) < 1e-3
        assert (after.provenance, after.time_s, after.recognised_by) == (
            before.provenance,
            before.time_s,
            before.recognised_by,
        )
    np.testing.assert_array_equal(again.phases[Phase.AP].sd_hu, study.phases[Phase.AP].sd_hu)
    assert again.phases[Phase.NC].sd_hu is None
    for name, (mask, geometry) in study.masks.items():
        found, grid = again.masks[name]
        assert found.dtype == mask.dtype and geometry.matches(grid)
        np.testing.assert_array_equal(found, mask)


@pytest.mark.parametrize("table", [None, ()])
def test_unknown_lesions_and_no_lesions_are_different(tmp_path, table):
    write_case(replace(example(), lesion_table=table), tmp_path)
    assert read_case(tmp_path).lesion_table == table
