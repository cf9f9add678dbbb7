import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError, OutputError
from hepaphase.datasets.protocol import open_cohort as open_raw_cohort
from hepaphase.phantom.cohort import CohortOptions, write_cohort
from hepaphase.phantom.grids import Grid
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import open_cohort

TINY = Grid(shape_zyx=(10, 14, 16), spacing_zyx_mm=(18.0, 16.0, 14.0), whole_body=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_same_bytes_with_one_worker_and_with_two(tmp_path: Path) -> None:
    outs = [tmp_path / str(workers) for workers in (1, 2)]
    for workers, out in enumerate(outs, start=1):
        write_cohort(out, range(3), CohortOptions(grid=TINY, prepared=True, workers=workers), quiet=True)
    assert contents(outs[0]) == contents(outs[1])
    assert len(contents(outs[0])) == 5  # three cases, the manifest, the table


def test_case_folders_are_a_cohort_in_our_layout(tmp_path: Path) -> None:
    names = write_cohort(tmp_path, [5, 1034], CohortOptions(grid=TINY), quiet=True)
    assert names == ["sim-0000005", "sim-0001034"]
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [row["case"] for row in manifest["cases"]] == names and manifest["phantom_version"] >= 1
    cohort = open_raw_cohort(tmp_path)
    assert cohort.cases() == names
    study = cohort.load(names[1])
    assert list(study.phases) == list(Phase) and study.clinical["sex"] in "MF"
    rows = study.lesion_table or ()
    assert set(str(study.clinical["label"]).split("+")) == {row.lesion_class for row in rows}


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path) -> None:
    options = CohortOptions(grid=TINY)
    write_cohort(tmp_path, [5], options, quiet=True)
    kept = tmp_path / "sim-0000005" / "PVP.nii.gz"
    before = kept.stat().st_mtime_ns
    assert write_cohort(tmp_path, [5, 6], options, quiet=True) == ["sim-0000005", "sim-0000006"]
    assert kept.stat().st_mtime_ns == before
    fresh = contents(tmp_path)
    write_cohort(tmp_path, [5, 6], options, quiet=True)  # now every fact is read from the files
    assert contents(tmp_path) == fresh


def test_prepared_cases_are_what_training_reads_and_are_kept_when_there(tmp_path: Path) -> None:
    options = CohortOptions(grid=TINY, prepared=True)
    (name,) = write_cohort(tmp_path, [7], options, quiet=True)
    path = tmp_path / f"{name}.npz"
    before = path.stat().st_mtime_ns
    write_cohort(tmp_path, [7], options, quiet=True)
    assert path.stat().st_mtime_ns == before
    case = open_cohort(tmp_path).load(0)
    assert set(case.hu) == set(case.clean_hu) == set(Phase)
    assert case.hu[Phase.PVP].shape == TINY.shape_zyx and case.exam["kappa"] > 0
    with np.load(path) as file:
        np.testing.assert_array_equal(file["clean_PVP"], file["clean_ref_PVP"])


def test_no_worker_is_refused() -> None:
    with pytest.raises(ConfigError, match="worker"):
        CohortOptions(workers=0)


def test_other_seeds_join_the_cohort_that_is_there_and_another_kind_is_refused(tmp_path: Path) -> None:
    options = CohortOptions(grid=TINY, prepared=True)
    write_cohort(tmp_path, [7], options, quiet=True)
    names = write_cohort(tmp_path, [8], options, quiet=True)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [row["case"] for row in manifest["cases"]] == names == ["sim-0000008", "sim-0000007"]
    assert len((tmp_path / "metadata.csv").read_text().splitlines()) == 3
    before = contents(tmp_path)
    for other in (replace(options, grid="liver"), replace(options, name="sim-1k")):
        with pytest.raises(OutputError, match="holds a cohort with"):
            write_cohort(tmp_path, [9], other, quiet=True)
    assert contents(tmp_path) == before
    (tmp_path / "sim-0000007.npz").unlink()
    assert write_cohort(tmp_path, [8], options, quiet=True) == ["sim-0000008"]


def test_what_a_killed_run_left_in_a_case_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "sim-0000005").mkdir()
    (tmp_path / "sim-0000005" / ".partial-x-NC.nii.gz").touch()
    write_cohort(tmp_path, [5], CohortOptions(grid=TINY), quiet=True)
    assert not list(tmp_path.rglob(".partial-*"))
