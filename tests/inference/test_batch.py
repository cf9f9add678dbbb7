"""Many studies: what ends one leaves the others alone, and the same command goes on where it stopped."""

import csv
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from hepaphase.base.errors import ConfigError, InputError, OutputError
from hepaphase.cli.batch import command
from hepaphase.inference.batch import Batch, Job, read_list, run_batch
from hepaphase.inference.bounded import Bounds

READER = """
import json, os, pathlib, sys, time
name, out = pathlib.Path(sys.argv[1]).name, pathlib.Path(sys.argv[2])
if name == "crash": os.abort()
if name == "slow": time.sleep(60)
if name == "greedy": print(len(bytearray(3 * 2**30)))
if name == "refused": print("hepaphase: There is no CT here."); sys.exit(2)
out.mkdir(parents=True)
if name == "half": sys.exit(0)
lesion = {"long_axis_mm": 20.5, "probabilities": {"hcc": 0.75, "cyst": 0.25}}
decision = {"task": "any lesion", "specificity": 0.95, "decision": "positive"}
patient = {"read_from": ["NC", "PVP"], "malignant": 0.5, "screening": {"decisions": [decision]}}
(out / "findings.json").write_text(json.dumps({"case": "case-" + name, "patient": patient, "lesions": [lesion]}))
(out / "run.json").write_text(json.dumps({"steps": [{"seconds": 1.5, "peak_mib": 900}], "argv": sys.argv[3:]}))
"""
"""Stands where ``hepaphase read`` does, and ends as a study may."""


def batch(out: Path, *names: str, **bounds: float) -> Batch:
    jobs = tuple(Job(name, Path("in", name)) for name in names)
    return Batch(jobs=jobs, out=out, bounds=Bounds(**bounds), program=(sys.executable, "-c", READER))


def summary(out: Path) -> dict[str, dict[str, str]]:
    with (out / "summary.csv").open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def test_one_that_fails_stops_no_other(tmp_path: Path) -> None:
    said: list[str] = []
    asked = batch(
        tmp_path, "a", "crash", "greedy", "half", "refused", "slow", "z", minutes=0.05, memory_gib=1, workers=2
    )
    run_batch(asked, said.append)
    rows = summary(tmp_path)
    assert list(rows) == ["a", "crash", "greedy", "half", "refused", "slow", "z"]
    assert {name for name, row in rows.items() if row["state"] == "done"} == {"a", "z"}
    assert rows["crash"]["why"] == "ended by SIGABRT" and rows["refused"]["why"] == "There is no CT here."
    assert (
        rows["slow"]["why"] == "took longer than 0.05 minutes"
        and rows["half"]["why"] == "ended without a whole reading"
    )
    if sys.platform == "linux":
        assert rows["greedy"]["why"] == "MemoryError"
    assert rows["a"]["case"] == "case-a" and rows["a"]["largest"] == "hcc" and rows["a"]["peak_mib"] == "900"
    assert rows["a"]["screening"] == "any lesion at 0.95: positive"
    assert len(said) == 7 and "crash: failed: ended by SIGABRT" in said


def test_the_same_again_reads_what_is_not_read_yet(tmp_path: Path) -> None:
    run_batch(batch(tmp_path, "a", "refused"), lambda line: None)
    written = (tmp_path / "a" / "run.json").stat().st_mtime_ns
    said: list[str] = []
    more = batch(tmp_path, "a", "refused", "b")
    run_batch(replace(more, program=(sys.executable, "-c", READER.replace('"refused"', '"x"'))), said.append)
    assert (tmp_path / "a" / "run.json").stat().st_mtime_ns == written
    assert [row["state"] for row in summary(tmp_path).values()] == ["done"] * 3 and "a: done before" in said[0]


def test_options_go_to_read_and_a_batch_of_others_is_refused(tmp_path: Path) -> None:
    job = Job("a", Path("a"), ("--phases", "PVP"))
    asked = Batch(jobs=(job,), out=tmp_path, options=("--no-register",), program=(sys.executable, "-c", READER))
    run_batch(asked, lambda line: None)
    assert '["--no-register", "--phases", "PVP"]' in (tmp_path / "a" / "run.json").read_text()
    with pytest.raises(OutputError, match="other options"):
        run_batch(replace(asked, options=()), lambda line: None)


def test_what_is_not_a_batch_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(OutputError, match="holds no batch"):
        run_batch(batch(tmp_path, "a"), lambda line: None)
    with pytest.raises(OutputError, match="cannot be the folder"):
        run_batch(batch(tmp_path / "new", "../a"), lambda line: None)
    with pytest.raises(ConfigError, match="above zero"):
        Bounds(minutes=0)


def test_lists(tmp_path: Path) -> None:
    for name in ("b", "a", ".hidden"):
        (tmp_path / "in" / name).mkdir(parents=True)
    (tmp_path / "in" / "c.nii.gz").write_text("")
    (tmp_path / "in" / "notes.txt").write_text("")
    assert [j.name for j in read_list(tmp_path / "in")] == ["a", "b", "c"]
    (tmp_path / "list.txt").write_text("in/a # the first\n\nin/c.nii.gz\n")
    assert read_list(tmp_path / "list.txt") == (Job("a", tmp_path / "in/a"), Job("c", tmp_path / "in/c.nii.gz"))
    (tmp_path / "list.csv").write_text('name,source,phases\nx,in/a,"NC=2,PVP=5"\n,in/b,\n')
    assert read_list(tmp_path / "list.csv") == (
        Job("x", tmp_path / "in/a", ("--phases", "NC=2,PVP=5")),
        Job("b", tmp_path / "in/b"),
    )
    (tmp_path / "twice.txt").write_text("in/a\nother/a\n")
    (tmp_path / "none.csv").write_text("path\nin/a\n")
    for name, why in (("twice.txt", "two studies"), ("none.csv", "column 'source'"), ("gone", "no list")):
        with pytest.raises(InputError, match=why):
            read_list(tmp_path / name)


@pytest.mark.slow
def test_a_real_reading_that_is_refused_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "in" / "empty").mkdir(parents=True)
    wrong = CliRunner().invoke(command, [str(tmp_path / "in"), str(tmp_path / "out"), "--", "--complet", "none"])
    assert wrong.exit_code == 2 and not (tmp_path / "out").exists()
    run = CliRunner().invoke(command, [str(tmp_path / "in"), str(tmp_path / "out"), "--", "--complete", "none"])
    assert run.exit_code == 1 and "There is no DICOM file" in summary(tmp_path / "out")["empty"]["why"]
    assert "0 read, 1 failed" in run.output
