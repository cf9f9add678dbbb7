import json
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.io.nifti import read_nifti, write_nifti
from hepaphase.phantom.cohort import CohortOptions, read_weights, write_cohort
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.manifest import MANIFEST, check_cohort, drawn_hash, volume_stats

TINY = Grid(shape_zyx=(10, 14, 16), spacing_zyx_mm=(18.0, 16.0, 14.0), whole_body=True)


@pytest.fixture(params=[True, False], ids=["prepared", "folders"])
def cohort(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    options = CohortOptions(grid=TINY, prepared=request.param, name="test", weights={3: 0.5})
    write_cohort(tmp_path, [3, 4], options, quiet=True)
    return tmp_path


def edit(cohort: Path, change: object) -> None:
    manifest = json.loads((cohort / MANIFEST).read_text())
    manifest["cases"][1].update(change)
    (cohort / MANIFEST).write_text(json.dumps(manifest))


def test_a_cohort_as_written_agrees_with_its_manifest_and_knows_its_weights(cohort: Path) -> None:
    assert check_cohort(cohort, quiet=True) == []
    assert read_weights(cohort) == {"sim-0000003": 0.5, "sim-0000004": 1.0}


def test_other_parameters_are_found(cohort: Path) -> None:
    edit(cohort, {"drawn_sha256": "0" * 16})
    problems = check_cohort(cohort, quiet=True)
    assert problems[0].startswith("the list") and "sim-0000004: other parameters" in problems[1]


def test_a_volume_that_moved_by_a_tenth_of_a_hu_is_found(tmp_path: Path) -> None:
    write_cohort(tmp_path, [3], CohortOptions(grid=TINY), quiet=True)
    path = tmp_path / "sim-0000003" / "AP.nii.gz"
    hu, geometry = read_nifti(path)
    write_nifti(path, hu + np.float32(0.1), geometry)
    assert all(" AP " in problem for problem in check_cohort(tmp_path, quiet=True))
    assert any("AP mean" in problem for problem in check_cohort(tmp_path, quiet=True))


def test_a_missing_case_is_named_and_a_missing_manifest_refused(cohort: Path) -> None:
    edit(cohort, {"case": "sim-0000009"})
    assert any("sim-0000009: cannot be read" in problem for problem in check_cohort(cohort, quiet=True))
    (cohort / MANIFEST).unlink()
    for function in (check_cohort, read_weights):
        with pytest.raises(InputError, match="manifest"):
            function(cohort)


def test_hash_forgives_the_last_bit_and_nothing_else() -> None:
    drawn = {"a": [0.1 + 0.2, {"b": 3}], "c": "x"}
    assert drawn_hash(drawn) == drawn_hash({"c": "x", "a": [0.3, {"b": 3}]})
    assert drawn_hash(drawn) != drawn_hash({"a": [0.3001, {"b": 3}], "c": "x"})


def test_statistics_are_those_of_the_voxels() -> None:
    stats = volume_stats(np.arange(101, dtype=np.int16).reshape(1, 1, 101))
    assert stats["mean"] == stats["p50"] == 50 and stats["p99"] == 99 and stats["sd"] == pytest.approx(29.155)
