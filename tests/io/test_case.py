"""Case folders in and out."""

from dataclasses import replace

import numpy as np
import pytest
from tests.example_study import example_study

from hepaphase.io.case import read_case, write_case
from hepaphase.study.phase import Phase


def test_round_trip_keeps_all_there_is(tmp_path):
    study = example_study()
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
    write_case(replace(example_study(), lesion_table=table), tmp_path)
    assert read_case(tmp_path).lesion_table == table
