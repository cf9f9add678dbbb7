"""A user's own training is used at once: simulate, train in quick mode, read with what was written."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from hepaphase.bundle.bundle import Bundle
from hepaphase.cli.main import group
from hepaphase.io.case import read_case, write_case
from hepaphase.study.phase import Phase

RECIPES = ("reader", "synthesis")


def run(*words: object) -> None:
    result = CliRunner().invoke(group, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_simulate_train_read(tmp_path: Path) -> None:
    cohort, seed = tmp_path / "cohort", 4
    run("simulate", cohort, "--cases", 3, "--seed", seed, "--grid", "liver")
    bundles = []
    for recipe in RECIPES:
        run("train", recipe, cohort, tmp_path / recipe, "--quick")
        bundles += ["--bundle", tmp_path / recipe / "model.hepa"]
    case = sorted(p for p in cohort.iterdir() if p.is_dir() and (p / "PVP.nii.gz").exists())[0]
    study = read_case(case)
    fewer = {phase: volume for phase, volume in study.phases.items() if phase is not Phase.DP}
    write_case(replace(study, phases=fewer), tmp_path / "case")
    run("read", tmp_path / "case", tmp_path / "out", *bundles)
    models = json.loads((tmp_path / "out" / "run.json").read_text())["models"]
    for recipe, kind in zip(RECIPES, ("diagnosis", "synthesis"), strict=True):
        trained = Bundle.load(tmp_path / recipe / "model.hepa", kind=kind)
        assert models[kind]["name"] == trained.card.get("title", kind)
    assert (tmp_path / "out" / "synthetic" / "DP.nii.gz").exists()
