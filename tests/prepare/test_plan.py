"""Facts of a cohort and the plan made from them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.example_study import example_study

from hepaphase.base.errors import ConfigError
from hepaphase.io.case import write_case
from hepaphase.prepare.fingerprint import fingerprint
from hepaphase.prepare.plan import make_plan, write_plan


def test_facts_become_a_plan_that_fits_the_memory(tmp_path: Path) -> None:
    whole = example_study()
    write_case(replace(whole, case="a"), tmp_path / "in" / "a")
    write_case(replace(whole, case="b", masks={}, lesion_table=None), tmp_path / "in" / "b")
    facts = fingerprint(tmp_path / "in", quiet=True)
    assert facts.num_cases == 2 and facts.phases == {"NC": 2, "AP": 2, "PVP": 2, "DP": 0}
    np.testing.assert_allclose(facts.spacing_zyx_mm, (1.25, 0.6, 0.5), atol=1e-3)
    np.testing.assert_allclose(facts.liver_size_zyx_mm, (10.0, 4.0, 4.2), atol=1e-2)
    assert 0 < facts.largest_volume_mib < facts.largest_case_mib
    low, middle, high = facts.liver_hu["NC"]
    assert low < middle < high and 20 < middle < 80
    small, large = (make_plan(facts, memory_gib=gib) for gib in (1.5, 2.0))
    assert 1 <= small.batch_size < large.batch_size and large.shape_zyx == (48, 64, 64)
    wide = make_plan(replace(facts, liver_size_zyx_mm=(300.0, 150.0, 280.0)), memory_gib=8)
    assert wide.shape_zyx == (96, 64, 80)
    with pytest.raises(ConfigError, match="got 1 GiB"):
        make_plan(facts, memory_gib=1)
    with pytest.raises(ConfigError, match="largest case is 4000 MiB; got 8 GiB"):
        make_plan(replace(facts, largest_case_mib=4000.0, largest_volume_mib=1000.0), memory_gib=8)
    assert large.prepare_peak_mib == pytest.approx(900 + facts.largest_case_mib + 4 * facts.largest_volume_mib, abs=0.1)
    write_plan(tmp_path / "plan.json", facts, large)
    assert json.loads((tmp_path / "plan.json").read_text())["plan"]["batch_size"] == large.batch_size
