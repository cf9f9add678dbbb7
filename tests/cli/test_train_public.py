"""Whoever holds a public cohort trains on it in one command."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.datasets.test_files import study

from hepaphase.cli.main import group
from hepaphase.datasets.protocol import ADAPTERS


@pytest.mark.parametrize("layout", [pytest.param("mct_ltdiag", marks=pytest.mark.slow), "lits"])
def test_training_takes_a_public_layout_as_it_is(layout: str, tmp_path: Path) -> None:
    for case in ("1", "2", "3"):
        scanned = study(case)
        own = {phase: replace(volume, hu=volume.hu + int(case)) for phase, volume in scanned.phases.items()}
        ADAPTERS.load(layout).write_example(tmp_path / "in", replace(scanned, phases=own))
    words = ["train", "smoke", str(tmp_path / "in"), str(tmp_path / "out"), "--quick", "--set", "threads=1"]
    result = CliRunner().invoke(group, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "out" / "run.json").read_text())["finished"]["steps"] == 8
    assert len(list((tmp_path / "out" / "prepared").glob("*.npz"))) == 3
