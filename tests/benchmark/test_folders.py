"""Readings on disk against a cohort on disk, through the files that ``read`` and ``simulate`` write."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.report.cases import CLASSES, GRIDS, LESIONS, aligned, grid, report_input

from hepaphase.base.errors import InputError
from hepaphase.benchmark.folders import compare_folders, deeper, evaluate_folders
from hepaphase.cli.main import group
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.lesion_rows import read_lesions
from hepaphase.evaluation.rows import read_rows
from hepaphase.io.case import write_case
from hepaphase.io.nifti import write_nifti
from hepaphase.report.findings_json import write_findings
from hepaphase.study.phase import Provenance
from hepaphase.study.study import AlignedStudy, LesionRow, PhaseVolume, Study

SMALL = grid((32, 38, 46), (3.9, 3.7, 4.1), np.eye(3))


def write_truth(root: Path, name: str, study: AlignedStudy, *, known: int = 2) -> None:
    """A cohort's case whose table has the first ``known`` of its lesions."""
    volumes = {
        p: PhaseVolume(hu, study.geometry, Provenance.SIMULATED, time_s=study.time_s[p]) for p, hu in study.hu.items()
    }
    table = tuple(LesionRow(k + 1, CLASSES[k]) for k in range(min(known, int(study.masks["lesions"].max()))))
    masks = {key: (mask, study.geometry) for key, mask in study.masks.items()}
    write_case(Study(name, volumes, masks=masks, lesion_table=table), root / name)


def write_reading(root: Path, name: str, study: AlignedStudy) -> None:
    """What ``read`` writes and ``evaluate`` reads."""
    folder = root / name
    write_findings(folder / "findings.json", report_input(study))
    for key in ("liver", "lesions"):
        write_nifti(folder / f"{key}.nii.gz", study.masks[key], study.geometry)
    for phase, kind in study.provenance.items():
        if kind is Provenance.SYNTHETIC:
            write_nifti(folder / "synthetic" / f"{phase}.nii.gz", study.hu[phase], study.geometry)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A patient with an HCC and a hemangioma, and one without lesions; both read without a fault."""
    for name, lesions in (("ill", LESIONS), ("well", ())):
        study = aligned(SMALL, lesions=lesions)
        write_truth(tmp_path / "truth", name, study)
        write_reading(tmp_path / "read", name, study)
    return tmp_path / "read", tmp_path / "truth"


def test_a_faultless_reading_scores_faultless(folders: tuple[Path, Path]) -> None:
    ill, well = compare_folders(*folders, quiet=True)
    assert (ill.case, well.case) == ("ill", "well")
    assert [key for key, there in ill.truth.items() if there] == ["hcc", "hemangioma"]
    assert (ill.num_true, ill.num_found, ill.num_matched, ill.num_named_right) == (2, 2, 2, 2)
    assert (well.num_true, well.num_found, well.malignant) == (0, 0, False)
    assert ill.score["hcc"] == 0.97 and well.score["hcc"] == 0.03
    assert ill.values["liver_dice"] == ill.values["lesion_dice"] == 1.0
    assert ill.values["AP_lesion_ssim"] == pytest.approx(1.0)
    assert ill.values["DP_liver_mae"] < 0.02  # as stored
    assert "PVP_liver_mae" not in ill.values  # it was scanned
    assert np.isnan(well.values["lesion_dice"]) and np.isnan(well.values["AP_lesion_mae"])


def test_faults_are_counted(folders: tuple[Path, Path]) -> None:
    read, truth = folders
    study = aligned(SMALL, lesions=LESIONS)
    one = np.where(study.masks["lesions"] == 2, 0, study.masks["lesions"])
    worse = {p: hu + np.float32(7) for p, hu in study.hu.items()}
    write_reading(read, "ill", replace(study, hu=worse, masks={**study.masks, "lesions": one}))
    ill = compare_folders(read, truth, quiet=True)[0]
    assert (ill.num_true, ill.num_found, ill.num_matched) == (2, 1, 1)
    assert ill.values["AP_lesion_mae"] == pytest.approx(7, abs=0.02)


@pytest.mark.parametrize("name", ["oblique", "axial thick, flipped"])
def test_the_truth_may_lie_on_another_grid(tmp_path: Path, name: str) -> None:
    write_truth(tmp_path / "truth", "ill", aligned(SMALL))
    write_reading(tmp_path / "read", "ill", aligned(GRIDS[name]))
    row = compare_folders(tmp_path / "read", tmp_path / "truth", quiet=True)[0]
    assert (row.num_true, row.num_matched, row.num_named_right) == (2, 2, 2)
    assert row.values["liver_dice"] > 0.9


def test_a_truth_elsewhere_matches_nothing(tmp_path: Path) -> None:
    far = grid(SMALL.shape_zyx, SMALL.spacing_xyz_mm, np.eye(3), centre_lps_mm=(400.0, 0.0, 0.0))
    write_truth(tmp_path / "truth", "ill", aligned(SMALL))
    write_reading(tmp_path / "read", "ill", replace(aligned(SMALL), geometry=far))
    row = compare_folders(tmp_path / "read", tmp_path / "truth", quiet=True)[0]
    assert row.num_matched == 0 and row.values["liver_dice"] == 0


def test_a_case_that_was_not_read_is_named(folders: tuple[Path, Path]) -> None:
    read, truth = folders
    (read / "well" / "findings.json").unlink()
    with pytest.raises(InputError, match=r"1 of 2 cases .* 'well'"):
        compare_folders(read, truth, quiet=True)


def test_a_cohort_without_truth_is_refused(folders: tuple[Path, Path]) -> None:
    read, truth = folders
    (truth / "ill" / "liver.nii.gz").unlink()
    with pytest.raises(InputError, match="'ill' is not known"):
        compare_folders(read, truth, quiet=True)


@pytest.mark.parametrize("text", ["{", "[]", '{"patient": {}, "lesions": [], "phases": []}'])
def test_findings_that_are_none_are_refused(folders: tuple[Path, Path], text: str) -> None:
    read, truth = folders
    (read / "ill" / "findings.json").write_text(text)
    with pytest.raises(InputError, match=r"ill/findings\.json"):
        compare_folders(read, truth, quiet=True)


def test_a_lesion_missing_from_the_table_is_named(folders: tuple[Path, Path]) -> None:
    read, truth = folders
    write_truth(truth, "ill", aligned(SMALL), known=1)
    with pytest.raises(InputError, match="'ill' has lesion 2"):
        compare_folders(read, truth, quiet=True)


def test_the_command_prints_and_writes_the_table(folders: tuple[Path, Path], tmp_path: Path) -> None:
    read, truth = folders
    words = ["evaluate", str(read), str(truth), "--out", str(tmp_path / "out"), "--resamples", "20"]
    result = CliRunner().invoke(group, words)
    assert result.exit_code == 0, result.output
    for name in ("AUC-8", "AUC-2", "malignant AUC", "AUC hcc", "lesion recall", "lesion precision", "liver_dice"):
        assert f"| {name} | " in result.output
    assert (tmp_path / "out" / "table.md").read_text() in result.output
    assert [row.case for row in read_rows(tmp_path / "out" / "patients.csv")] == ["ill", "well"]


def test_evaluate_tells_sizes_subgroups_and_paired_tests(folders: tuple[Path, Path], tmp_path: Path) -> None:
    read, truth = folders
    words = ["evaluate", str(read), str(truth), "--out", str(tmp_path / "out"), "--resamples", "20", "--deep"]
    result = CliRunner().invoke(group, [*words, "--against", str(read)])
    assert result.exit_code == 0, result.output
    for part in ("## By size", "## Subgroups", "DeLong's test, 2 patients", "paired by patient"):
        assert part in result.output
    assert "some readings were written before lesions had a confidence" in result.output
    lesions = read_lesions(tmp_path / "out" / "lesions.csv")
    assert [(r.case, r.true_class, r.found_class) for r in lesions] == [
        ("ill", "hcc", "hcc"),
        ("ill", "hemangioma", "hemangioma"),
    ]


def test_false_finds_are_counted_by_confidence(folders: tuple[Path, Path]) -> None:
    read, truth = folders
    file = read / "ill" / "findings.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    for lesion, sure in zip(document["lesions"], (0.9, 0.6), strict=True):
        lesion["confidence"] = sure
    file.write_text(json.dumps(document), encoding="utf-8")
    cases = evaluate_folders(read, truth, quiet=True)
    assert [lesion.score for lesion in cases[0].lesions] == [0.9, 0.6]
    froc = deeper(cases, Bootstrap(num_resamples=10)).split("## FROC")[1].split("## Subgroups")[0]
    assert "| 1.000 (too few) | 2 |" in froc
