"""A bar where someone watches, lines where asked, silence in a pipe."""

import os
import re
import subprocess
import sys

import pytest

from hepaphase.cli._progress import steps_told, studies_told

USUAL = {"liver": 1.0, "write": 3.0}
PLAY = """
import time
from hepaphase.cli._progress import steps_told, studies_told
with steps_told({"liver": 1.0, "write": 3.0}, say=False) as told:
    told("liver"); time.sleep(0.6); told("write"); time.sleep(0.8)
print("what was written")
"""


def test_a_pipe_gets_nothing_unless_it_asks(capsys: pytest.CaptureFixture[str]) -> None:
    for say in (False, True):
        with steps_told(USUAL, say=say) as told:
            told("liver")
            told("write")
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 2 * say
    assert re.fullmatch(r"step: write, after \d+\.\d s", lines[1])


def test_studies_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with studies_told(say=True) as told:
        told(1, 2)
        told(2, 2)
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == [
        "step: study 1 of 2",
        "step: study 2 of 2",
    ]


@pytest.mark.skipif(os.name != "posix", reason="needs a terminal to pretend")
def test_a_terminal_shows_step_and_time_left_and_what_is_printed_stays_apart() -> None:
    ours, theirs = os.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-c", PLAY], stdout=subprocess.PIPE, stderr=theirs, text=True, check=True, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    text = shown.decode()
    assert "liver" in text and "write" in text and re.search(r"about \d+ s left", text)
    assert done.stdout == "what was written\n"
