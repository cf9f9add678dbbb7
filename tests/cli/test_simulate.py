from pathlib import Path

import pytest
from click.testing import CliRunner

from hepaphase.base.errors import InputError, UnknownNameError
from hepaphase.cli.main import COMMANDS
from hepaphase.cli.simulate import command
from hepaphase.io.case import is_case


def test_writes_crops_for_training_and_says_how_many(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "out"), "--cases", "1", "--seed", "4", "--prepared"])
    assert result.exit_code == 0, result.output
    assert "1 case(s)" in result.output
    assert (tmp_path / "out" / "sim-0000004.npz").exists() and (tmp_path / "out" / "manifest.json").exists()


def test_writes_case_folders(tmp_path: Path) -> None:
    arguments = [str(tmp_path), "--cases", "1", "--seed", "4", "--grid", "liver"]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    assert is_case(tmp_path / "sim-0000004")


@pytest.mark.parametrize(
    "wrong",
    [
        ["--cases", "0", "--seed", "1"],
        ["--cases", "1"],
        ["--cases", "1", "--seed", "-1"],
        ["--cohort", "main-test", "--seed", "1"],
        ["--check", "--cohort", "main-test"],
        [],
    ],
)
def test_bad_numbers_are_refused(tmp_path: Path, wrong: list[str]) -> None:
    assert CliRunner().invoke(command, [str(tmp_path / "out"), *wrong]).exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_cohort_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "out"), "--cohort", "main-tset"])
    assert isinstance(result.exception, UnknownNameError) and "main-test" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_is_a_command() -> None:
    assert "simulate" in COMMANDS


def test_what_was_written_can_be_checked(tmp_path: Path) -> None:
    out = tmp_path / "out" / "train"
    arguments = [str(out), "--cohort", "sim-1k-train", "--cases", "1", "--prepared"]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    result = CliRunner().invoke(command, [str(out.parent), "--check"])
    assert result.exit_code == 0 and "is what its manifest says" in result.output
    manifest = out / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"case": "sim-1000000"', '"case": "sim-1000001"'))
    wrong = CliRunner().invoke(command, [str(out), "--check"])
    assert isinstance(wrong.exception, InputError) and "1 more" in str(wrong.exception)
