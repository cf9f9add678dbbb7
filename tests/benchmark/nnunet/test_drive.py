"""nnU-Net as a row: every step is called as it wants to be, once, and its answer becomes patients of the tables."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError, MissingExtraError, OutputError
from hepaphase.benchmark.lidia.tables import make_tables
from hepaphase.benchmark.nnunet.drive import drive, read_again
from hepaphase.benchmark.nnunet.raw import write_asked, write_training
from hepaphase.benchmark.order import Order
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.rows import read_rows
from hepaphase.io.nifti import read_mask, read_nifti
from hepaphase.study.lesions import LESION_CLASSES
from hepaphase.training.cohort import Cohort, Split, open_cohort, read_prepared
from hepaphase.training.folder import RunFolder

from ...training.lesion_cohort import write_case, write_lesion_cohort
from .stand_in import calls, install

ORDER = Order(training="nnunetv2", seed=1, quick=True, threads=1, cohort="toy", at_most=4)
STEPS = ["extract_fingerprint", "plan_experiment", "preprocess", "train", "predict", "predict"]


@dataclass(frozen=True)
class Done:
    """One run that was stopped in its training and went on."""

    data: tuple[Split, Path]
    commands: Path
    out: Path
    said: str
    """When it was stopped."""
    path: Path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Split, Path]:
    crops = tmp_path_factory.mktemp("crops")
    cases = open_cohort(write_lesion_cohort(crops))
    return Split(cases, Cohort(cases.files[:2], "validation")), crops


@pytest.fixture(scope="module")
def done(data: tuple[Split, Path], tmp_path_factory: pytest.TempPathFactory) -> Done:
    commands, out = install(tmp_path_factory.mktemp("bin")), tmp_path_factory.mktemp("rows")
    stop = commands / "calls.stop-train"
    stop.touch()
    with pytest.raises(InputError) as stopped:
        drive(ORDER, *data, out, commands=commands, quiet=True)
    stop.unlink()
    path = drive(ORDER, *data, out, commands=commands, quiet=True)
    return Done(data, commands, out, str(stopped.value), path)


def test_the_row_holds_what_nnunet_says_of_each_patient(done: Done) -> None:
    assert done.path == done.out / "nnunetv2-seed1.csv"
    rows = {row.case: row for row in read_rows(done.path)}
    assert set(rows) == {f"case-{n:03d}" for n in range(4)}
    both = rows["case-001"]  # an hcc of 45 HU and a cyst of 5 HU; the stand-in calls dark voxels of the NC phase cysts
    assert both.score["cyst"] > 0 == both.score["hcc"]
    assert (both.num_true, both.num_matched, both.num_named_right) == (2, 1, 1)
    with done.path.open(encoding="utf-8") as file:
        facts = next(csv.DictReader(file))
    assert (facts["training"], facts["seed"], facts["steps"], facts["cohort"]) == ("nnunetv2", "1", "2", "toy")
    assert facts["scale"] == "table, quick" and facts["program"] == "nnunetv2 0.0, 3 weights"
    assert "features 4-8-8" in facts["changed"]
    methods = make_tables(done.out, Bootstrap(num_resamples=10)).split("## Methods")[1].split("## ")[0]
    assert "| nnU-Net v2 itself, score by size, ours | 1 |  |" in methods


def test_what_nnunet_is_given(done: Done) -> None:
    home = done.out / "runs" / "nnunetv2-seed1"
    raw = home / "raw" / "Dataset001_crops"
    facts = json.loads((raw / "dataset.json").read_text(encoding="utf-8"))
    assert list(facts["labels"]) == ["background", *LESION_CLASSES] and facts["numTraining"] == 6
    case = read_prepared(done.data[1] / "case-001.npz")
    labels, _ = read_mask(raw / "labelsTr" / "case-001.nii.gz")
    for lesion, key in case.lesion_classes.items():
        assert set(labels[case.masks["lesions"] == lesion].tolist()) == {facts["labels"][key]}
    assert np.count_nonzero(labels) == np.count_nonzero(case.masks["lesions"])
    for channel, phase in enumerate(("NC", "AP", "PVP")):
        hu, grid = read_nifti(raw / "imagesTr" / f"case-001_{channel:04d}.nii.gz")
        np.testing.assert_array_equal(hu, case.hu[phase])
        assert grid.origin_lps_mm == pytest.approx((1, 2, 3))
    assert not list(raw.rglob("*_0003.nii.gz"))  # the delayed phase
    plan = json.loads((home / "preprocessed" / raw.name / "hepaphasePlans.json").read_text(encoding="utf-8"))
    fixed = plan["configurations"]["3d_fullres"]
    assert (fixed["patch_size"], fixed["spacing"], fixed["batch_size"]) == ([16] * 3, [4.0] * 3, 2)
    assert fixed["architecture"]["arch_kwargs"]["conv_bias"] and fixed["architecture"]["arch_kwargs"]["n_stages"] == 3
    trainer = (home / "trainer" / "HepaphaseTable.py").read_text(encoding="utf-8")
    compile(trainer, "trainer", "exec")
    assert "self.num_epochs = 2\n" in trainer and "self.num_iterations_per_epoch = 1\n" in trainer


def test_a_stopped_run_goes_on_with_the_step_it_was_stopped_in(done: Done) -> None:
    assert "nnUNetv2_train ended with code 1 and said: no memory left. All it said" in done.said
    assert calls(done.commands) == [*STEPS[:4], *STEPS[3:]]
    assert (done.commands / "calls").read_text(encoding="utf-8").count("--c\n") == 2
    before = done.path.read_bytes()
    drive(ORDER, *done.data, done.out, commands=done.commands, quiet=True)
    assert done.path.read_bytes() == before and len(calls(done.commands)) == 7
    other = Order(training="nnunetv2", seed=1, quick=True, threads=1)
    with pytest.raises(OutputError, match="differs in test cases"):
        drive(other, *done.data, done.out, commands=done.commands, quiet=True)
    with RunFolder(done.out / "runs" / "nnunetv2-seed1").locked(), pytest.raises(OutputError, match="Another process"):
        drive(ORDER, *done.data, done.out, commands=done.commands, quiet=True)


def test_another_cohort_is_read_with_a_finished_run(done: Done, tmp_path: Path) -> None:
    split, crops = done.data
    before = len(calls(done.commands))
    fewer = Order(training="nnunetv2", seed=1, quick=True, threads=1, cohort="other", at_most=3)
    where = {"runs": done.out / "runs", "commands": done.commands, "quiet": True}
    path = read_again(fewer, split, crops, tmp_path, **where)
    assert calls(done.commands)[before:] == ["predict"]
    assert read_rows(path) == read_rows(done.path)[:3]
    with path.open(encoding="utf-8") as file:
        assert next(csv.DictReader(file))["cohort"] == "other"
    with pytest.raises(InputError, match="no finished run of nnU-Net"):
        read_again(Order(training="nnunetv2", seed=2, quick=True), split, crops, tmp_path, **where)
    with pytest.raises(InputError, match="trained on other cases"):
        read_again(fewer, Split(Cohort(split.training.files[:2]), split.validation), crops, tmp_path, **where)


def test_without_nnunet_it_says_what_to_install(data: tuple[Split, Path], tmp_path: Path) -> None:
    commands = install(tmp_path / "bin")
    (commands / "nnUNetv2_predict").unlink()
    with pytest.raises(MissingExtraError, match=r"no nnUNetv2_predict in .*bin\. Install nnunetv2"):
        drive(ORDER, *data, tmp_path / "rows", commands=commands, quiet=True)
    assert not (tmp_path / "rows").exists()


def test_a_patient_without_a_phase_is_refused_by_name(tmp_path: Path) -> None:
    path = write_case(tmp_path, 3, ("icc",))
    with np.load(path) as file:
        fields = {name: file[name] for name in file if name not in ("hu_AP", "clean_AP")}
    np.savez(path, **fields)
    with pytest.raises(InputError, match="case-003 has no AP; nnU-Net reads NC, AP, PVP"):
        write_asked([path], tmp_path / "asked")
    with pytest.raises(InputError, match="case-003 has no AP; nnU-Net reads NC, AP, PVP"):
        write_training(open_cohort(tmp_path), tmp_path / "raw", seed=0, quiet=True)
