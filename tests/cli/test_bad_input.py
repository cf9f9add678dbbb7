"""``hepaphase read`` and input that cannot be: one line, exit code 2, nothing written."""

import subprocess
import sys

import pytest
from tests.broken_inputs import BROKEN

from hepaphase.cli.main import main


def require_one_line(text: str, words: str) -> None:
    assert text.count("\n") == 1 and text.startswith("hepaphase: ") and words in text, text


@pytest.mark.parametrize("name", BROKEN)
def test_broken_input_ends_in_one_line_and_writes_nothing(name, tmp_path, monkeypatch, capfd):
    make, words = BROKEN[name]
    source = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(sys, "argv", ["hepaphase", "read", str(source), str(tmp_path / "out"), "--phases", "PVP"])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    said = capfd.readouterr()
    require_one_line(said.err, words)
    assert said.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_the_installed_command_does_the_same(tmp_path):
    make, words = BROKEN["corrupt gzip"]
    arguments = [
        sys.executable,
        "-m",
        "hepaphase",
        "read",
        str(make(tmp_path)),
        str(tmp_path / "out"),
        "--phases",
        "PVP",
    ]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2 and done.stdout == ""
    require_one_line(done.stderr, words)
    assert not (tmp_path / "out").exists()
