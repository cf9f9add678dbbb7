"""SIGKILL at 20 random moments, resumed each time: the same bytes as a run that was left alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .kill_runs import NUM_KILLS, RUN
from .smoke_cohort import write_cohort

SCRIPT = Path(__file__).with_name("kill_runs.py")
SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_runs_end_with_the_same_bytes(tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path / "cohort", num_cases=4)
    command = [sys.executable, str(SCRIPT), str(cohort), str(tmp_path)]
    result = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SOURCE)}, check=False
    )
    assert result.returncode == 0, result.stderr
    steps = json.loads(result.stdout)["steps"]
    assert len(steps) == NUM_KILLS
    assert len(set(steps)) >= NUM_KILLS // 3, f"kills did not land in different places: {steps}"
    folders = sorted(tmp_path.glob("killed-*"))
    assert folders
    for folder in folders:
        for name in ("model.hepa", "metrics.csv", f"checkpoints/step-{RUN.num_steps:09d}.ckpt"):
            assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), f"{folder.name}/{name}"
