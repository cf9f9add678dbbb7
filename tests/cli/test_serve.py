"""The command ``serve``: what it refuses, warns of and says."""

import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from hepaphase.base.errors import OutputError
from hepaphase.cli import serve


def interrupted(seconds: float) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def stopped_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ctrl-C as soon as it waits."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(serve, "time", SimpleNamespace(sleep=interrupted))
    yield
    signal.signal(signal.SIGTERM, before)


def run(*words: object) -> Result:
    return CliRunner().invoke(serve.command, [str(word) for word in words])


def test_other_machines_are_warned_of(tmp_path: Path, stopped_at_once: None) -> None:
    alone = run(tmp_path, "--port", 0)
    assert alone.exit_code == 0 and alone.stderr == "" and "Research use only" in alone.output
    assert alone.output.splitlines()[-1] == "Stopped."
    assert "there is no password" in run(tmp_path, "--port", 0, "--host", "0.0.0.0").stderr


def test_what_waits_is_counted(tmp_path: Path, stopped_at_once: None) -> None:
    (tmp_path / ".serve/incoming/case-1").mkdir(parents=True)
    (tmp_path / ".serve/incoming/case-1/a.dcm").touch()
    assert "1 study waits" in run(tmp_path, "--port", 0).output.splitlines()[-1]


def test_wrong_words_are_refused_before_anything_runs(tmp_path: Path) -> None:
    for words in (["--send", "A@b:1"], ["--", "--complet", "none"], ["--port", "-1"], ["--wait", "0"]):
        assert run(tmp_path / "out", *words).exit_code != 0
    assert not (tmp_path / "out").exists()
    (tmp_path / "run.json").touch()
    assert isinstance(run(tmp_path).exception, OutputError)
