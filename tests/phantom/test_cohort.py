import json
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.io.case import read_case
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
    assert len(contents(outs[0])) == 4


def test_case_folders_are_read_back_and_the_manifest_names_them(tmp_path: Path) -> None:
    names = write_cohort(tmp_path, [5], CohortOptions(grid=TINY), quiet=True)
    assert names == ["sim-0000005"]
    study = read_case(tmp_path / names[0])
    assert list(study.phases) == list(Phase) and study.lesion_table is not None
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [row["case"] for row in manifest["cases"]] == names and manifest["phantom_version"] >= 1


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
