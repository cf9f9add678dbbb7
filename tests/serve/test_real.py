"""The command itself: a study sent by dcmtk, stopped while it is read, read by the next run, sent back."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from tests.dicom_study import IDENTITY, write_study
from tests.serve.service import ask_at, free_port, until
from tests.serve.test_node import archive, store

from hepaphase.inference.finished import is_finished
from hepaphase.phantom.simulate import simulate
from hepaphase.serve.readings import SHOWN
from hepaphase.study.phase import Phase

READ = ("--complete", "none", "--no-register", "--phases", "PVP=2")

pytest.importorskip("pynetdicom", reason="needs the extra pacs")


@contextmanager
def command(root: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Address of the page, and the process."""
    words = [sys.executable, "-m", "hepaphase", "serve", str(root), "--port", "0", *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        try:
            assert running.stdout is not None
            said = running.stdout.readline()
            found = re.match(r"http://(\S+) shows the readings", said)
            assert found, said + running.stdout.read()
            running.stdout.readline()
            yield found[1], running
        finally:
            running.kill()


def stop(running: subprocess.Popen[str]) -> str:
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=120)[0]
    assert running.returncode == 0, said
    return said


@pytest.mark.slow
def test_a_study_survives_a_stop_and_comes_back_as_seg_and_sr(tmp_path: Path) -> None:
    whole = simulate(3, grid="liver").study
    study = replace(whole, phases={Phase.PVP: whole.phases[Phase.PVP]})
    uids = write_study(tmp_path / "dicom", study)
    port, back, out = free_port(), free_port(), tmp_path / "out"
    options = ["--dicom-port", str(port), "--wait", "1", "--send", f"BACK@127.0.0.1:{back}", "--", *READ]
    with archive(tmp_path / "back", back):
        with command(out, *options) as (page, running):
            assert store(port, *sorted((tmp_path / "dicom").iterdir())).returncode == 0
            until(
                lambda: "step: take in" in "".join(p.read_text() for p in (out / ".serve/logs").iterdir()), seconds=120
            )
            assert "1 study waits" in stop(running)
        assert not any(is_finished(folder) for folder in out.iterdir())
        with command(out, *options) as (page, running):
            until(lambda: len(list((tmp_path / "back").iterdir())) == 2, seconds=240)
            (folder,) = (f for f in out.iterdir() if f.name.startswith("case-"))
            until(lambda: "chip state" not in ask_at(page, "GET", "/live")[1])
            files = {path.name for path in folder.iterdir() if path.is_file()}
            assert files <= set(SHOWN), "a file of a reading is not given out"
            assert [n for n in files if ask_at(page, "GET", f"/readings/{folder.name}/{n}")[0] != 200] == []
            said = stop(running)
    results = [pydicom.dcmread(path) for path in (tmp_path / "back").iterdir()]
    assert {data.Modality for data in results} == {"SEG", "SR"}
    assert {data.StudyInstanceUID for data in results} == {uids["StudyInstanceUID"]}
    log = "".join(path.read_text() for path in (out / ".serve" / "logs").iterdir())
    assert not [text for text in (*IDENTITY.values(), uids["StudyInstanceUID"]) if text in said + log]
