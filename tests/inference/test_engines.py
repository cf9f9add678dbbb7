"""Engines of a batch: the same studies, the same rows. Ray's tests are skipped by name where it is not installed."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.inference.test_batch import batch, summary

from hepaphase.base.errors import ConfigError, UnknownNameError
from hepaphase.inference.batch import run_batch
from hepaphase.inference.engine import ENGINES

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.inference.test_batch import batch
from hepaphase.inference.batch import run_batch
asked = batch(Path(sys.argv[1]), *sys.argv[2:], minutes=0.5, memory_gib=1, workers=2)
rows = run_batch(replace(asked, engine="ray"), lambda line: print(line, flush=True))
print(sum(row["state"] == "failed" for row in rows), "failed")
"""


def on_ray(out: Path, *names: str) -> subprocess.Popen[str]:
    """A batch in a process of its own: Ray starts threads and sockets that outlive it there."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(out), *names], env={**os.environ, "PYTHONPATH": path}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=out.parent,
    )  # fmt: skip


def test_engines_are_known_by_name_and_refused_before_anything_is_written(tmp_path: Path) -> None:
    assert ENGINES.names() == ["local", "ray"]
    asked = batch(tmp_path / "out", "a")
    with pytest.raises(UnknownNameError, match="Known: local, ray"):
        run_batch(replace(asked, engine="slurm"), lambda line: None)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match="takes no address"):
        run_batch(replace(asked, address="127.0.0.1:6379"), lambda line: None)


@pytest.mark.slow
def test_ray_reads_what_local_reads_and_goes_on_after_a_stop(tmp_path: Path) -> None:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("needs the extra ray")
    out = tmp_path / "ray"
    with on_ray(out, "a", "slow", "z") as running:
        until_there(out / "a" / "run.json")
        until_there(out / "logs" / "slow.log")
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=60)[0]
        assert running.returncode != 0 and "KeyboardInterrupt" in said
    assert not reading(out), "what was being read runs on"
    names = ["a", "crash", "greedy", "half", "refused", "z"]
    with on_ray(out, *names) as running:
        said = running.communicate(timeout=120)[0]
    assert running.returncode == 0 and said.splitlines()[-1] == "4 failed" and "a: done before" in said
    run_batch(batch(tmp_path / "local", *names, memory_gib=1), lambda line: None)
    ours, theirs = summary(tmp_path / "local"), summary(out)
    for rows in (ours, theirs):
        for row in rows.values():
            row["seconds"] = ""
    assert ours == theirs


def until_there(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not come"
        time.sleep(0.1)


def reading(out: Path) -> list[str]:
    """Processes that read into ``out``, from the system's list."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(out / "slow") in line]
