"""One study in a process of its own: its bounds hold from its first step on."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.inference.test_batch import READER

from hepaphase.inference.bounded import Bounds, Order, Running, read_bounded


class HeldUp(Running):
    """As on a busy machine: the process runs a while before whoever began it goes on."""

    def add(self, process: subprocess.Popen[bytes]) -> None:
        time.sleep(0.5)
        super().add(process)


def order(out: Path, name: str, **bounds: float) -> Order:
    return Order(
        source=out / "in" / name, out=out / name, log=out / f"{name}.log", bounds=Bounds(**bounds),
        program=(sys.executable, "-c", READER),
    )  # fmt: skip


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is bounded on Linux only")
def test_memory_is_bounded_before_the_first_step(tmp_path: Path) -> None:
    why, _ = read_bounded(order(tmp_path, "greedy", memory_gib=1), HeldUp())
    assert why == "MemoryError"


def test_a_bound_above_what_the_system_lets_us_ask_for_stops_nothing(tmp_path: Path) -> None:
    assert read_bounded(order(tmp_path, "a", memory_gib=2**33), Running())[0] == ""
