"""Progress is shown to who watches a terminal, and to no log file."""

import io
import sys

import pytest

from hepaphase.base.log import track


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "quiet", "shown"), [(Terminal, False, True), (Terminal, True, False), (io.StringIO, False, False)]
)
def test_a_bar_is_drawn_on_a_terminal_alone(monkeypatch, stream, quiet, shown) -> None:
    said = stream()
    monkeypatch.setattr(sys, "stderr", said)
    assert list(track(range(3), title="Counting", total=3, quiet=quiet)) == [0, 1, 2]
    assert ("Counting" in said.getvalue()) is shown
