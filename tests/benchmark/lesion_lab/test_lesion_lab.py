"""The plan of lesions, copies with room for them, rows of a reading and the table."""

import csv
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import binomtest
from tests.lab.studies import bench
from tests.tiny_models import tiny_models

from hepaphase.base.errors import ConfigError, StudyError
from hepaphase.benchmark.lesion_lab import run as running
from hepaphase.benchmark.lesion_lab.copies import Copy, PlacedLesion, copies_of
from hepaphase.benchmark.lesion_lab.plan import RADII_MM, PlannedLesion, plan_lesions
from hepaphase.benchmark.lesion_lab.run import LabResult, LabRow, run, write_rows
from hepaphase.benchmark.lesion_lab.scans import Scan
from hepaphase.benchmark.lesion_lab.table import table
from hepaphase.cli.benchmark import command
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.study.phase import Phase

FEW = Bootstrap(num_resamples=20)


def test_a_plan_has_classes_scans_and_sizes_in_balance_and_no_seed_twice() -> None:
    plans = plan_lesions(100, 4)
    lesions = [lesion for plan in plans for lesion in plan]
    assert [len(plan) for plan in plans] == [25] * 4
    assert sorted(Counter(p.lesion_class for p in lesions).values()) == [12] * 4 + [13] * 4
    assert len({p.seed for p in lesions}) == 100
    for plan in plans:
        assert set(LESION_CLASSES) == {p.lesion_class for p in plan}
    for key in LESION_CLASSES:
        radii = sorted(p.radius_mm for p in lesions if p.lesion_class == key)
        width = (RADII_MM[1] - RADII_MM[0]) / len(radii)
        assert [int((r - RADII_MM[0]) // width) for r in radii] == list(range(len(radii)))
    assert plans == plan_lesions(100, 4) != plan_lesions(100, 4, seed=1)


@pytest.mark.parametrize("count", [0, 10**6])
def test_a_plan_of_no_or_too_many_lesions_is_refused(count: int) -> None:
    with pytest.raises(ConfigError, match="lesions"):
        plan_lesions(count, 4)


def test_every_lesion_gets_a_place_or_a_reason() -> None:
    plan = [PlannedLesion(key, radius, 81_000 + k) for k, (key, radius) in enumerate(
        [("cyst", 6.0), ("hcc", 12.0), ("fnh", 20.0), ("calcification", 5.0), ("icc", 90.0)])]  # fmt: skip
    made = list(copies_of(bench(3), plan, per_copy=3))
    copies = [copy for copy in made if isinstance(copy, Copy)]
    assert [type(m) for m in made if not isinstance(m, Copy)] == [StudyError]
    placed = [p.planned for copy in copies for p in copy.lesions.values()]
    assert sorted(p.seed for p in placed) == [p.seed for p in plan[:4]]
    for copy in copies:
        assert set(np.unique(copy.labels)) == {0, *copy.lesions}
        before = bench(3).study.phase(bench(3).reference).hu
        assert (copy.volume.hu[copy.labels > 0] != before[copy.labels > 0]).mean() > 0.9
        for lesion, own in copy.lesions.items():
            radius = running.sphere_radius_mm(float((copy.labels == lesion).sum()) * bench(3).geometry.voxel_ml * 1000)
            assert radius == pytest.approx(own.planned.radius_mm, rel=0.35)


def test_rows_say_what_was_found_where_and_what_was_there_before(tmp_path) -> None:
    lesions = np.zeros((20, 20, 20), np.uint16)
    lesions[2:6, 2:6, 2:6], lesions[12:18, 12:18, 12:18] = 1, 2
    found, before = np.zeros_like(lesions), np.zeros_like(lesions)
    found[2:6, 2:6, 2:7], found[2:6, 12:16, 2:6], found[12:16, 2:6, 2:6] = 1, 2, 3
    before[12:16, 2:6, 2:6] = 5
    grid = replace(bench(3).geometry, shape_zyx=lesions.shape)
    own = replace(bench(3), geometry=grid)
    scan = Scan("one", own, np.ones(lesions.shape, bool), np.zeros(lesions.shape, bool))
    placed = {k: _placed(key) for k, key in ((1, "cyst"), (2, "hcc"))}
    said = running._Said(found, {1: ("cyst", 0.9), 2: ("fnh", 0.4), 3: ("icc", 0.3)})
    rows = running._compare(Copy(bench(3).study.phase(Phase.PVP), lesions, placed), said, scan, 1, before)
    assert [(r.lesion_class, r.found_class, r.untouched) for r in rows] == [
        ("cyst", "cyst", False), ("hcc", "", False), ("", "fnh", False), ("", "icc", True)]  # fmt: skip
    assert rows[0].radius_mm == pytest.approx((3 * 64 * grid.voxel_ml * 1000 / 4 / np.pi) ** (1 / 3))
    write_rows(tmp_path / "rows.csv", rows)
    with (tmp_path / "rows.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["lesion_class"] for line in lines] == ["cyst", "hcc", "", ""]
    assert lines[1]["probability"] == "" and lines[3]["untouched"] == "1"


def _placed(key: str) -> PlacedLesion:
    return PlacedLesion(PlannedLesion(key, 10.0, 81_000), -30.0)


def test_the_table_counts_as_one_would_by_hand() -> None:
    blank = LabRow(scan="a", phase=Phase.NC, copy=1)
    cyst = replace(blank, lesion_class="cyst", radius_mm=7.0, contrast_hu=-50.0)
    rows = (replace(cyst, found_class="cyst"), replace(cyst, found_class="hcc"), cyst,
            replace(cyst, copy=2, radius_mm=15.0), replace(blank, copy=2, found_class="icc"),
            replace(blank, copy=0, found_class="icc"))  # fmt: skip
    text = table(LabResult(rows, {"a": 2}, ("too large.",)), FEW)
    low, high = binomtest(2, 3).proportion_ci(method="wilson")
    assert f"| radius 5 to 10 mm | 0.67 [{low:.2f}, {high:.2f}] (2 of 3) | 0.50" in text
    assert "| all | 0.50 [0.15, 0.85] (2 of 4) |" in text
    assert "| a | 2 | 1 icc | 0.50 [0.00, 1.00] | 0.50 [0.00, 1.00] |" in text
    assert text.endswith("Found no place: too large.\n")


def test_lesions_go_through_the_whole_pipeline() -> None:
    liver = bench(3).liver
    plan = [PlannedLesion("cyst", 12.0, 81_000)]
    result = run([Scan("sim", bench(3), liver, 0 * liver)], [plan], tiny_models())
    assert result.copies == {"sim": 1} and not result.left_out
    assert [r.lesion_class for r in result.rows if r.is_true] == ["cyst"]
    assert {r.phase for r in result.rows} == {bench(3).reference}


def test_scans_that_are_not_there_are_named(tmp_path) -> None:
    found = CliRunner().invoke(command, ["lab", str(tmp_path), str(tmp_path / "out")])
    assert "chaos_ct_03" in str(found.exception) and not (tmp_path / "out").exists()
