"""The main job on the study that ships: completes, reads, finds the lesions and names them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hepaphase.cli.main import group
from hepaphase.inference.demo import WITHHELD, demo_study
from hepaphase.phantom.seeds import DEMO_SEED, SEED_RANGES
from hepaphase.phantom.simulate import draw
from hepaphase.study.lesions import MALIGNANT


def large_classes(seed: int) -> set[str]:
    return {lesion.lesion_class for lesion in draw(seed).lesions if lesion.long_axis_mm >= 20}


def test_the_demo_seed_is_the_first_that_fits_the_rule() -> None:
    fitting = (s for s in SEED_RANGES["demo"] if len(k := large_classes(s)) > 1 and k & set(MALIGNANT))
    assert next(fitting) == DEMO_SEED


def test_withheld_phases_and_truth_are_kept_from_the_reader() -> None:
    given, whole = demo_study()
    assert set(whole.phases) - set(given.phases) == set(WITHHELD)
    assert not given.masks
    assert given.lesion_table is None


@pytest.mark.slow
def test_the_demo_finds_and_names_its_lesions(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    result = CliRunner().invoke(group, ["demo", "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    truth = [line for line in result.output.splitlines() if line.startswith("true ")]
    assert len(truth) >= 2
    for line in truth:  # "true hcc, 30 mm: called hcc (0.81)"
        assert f"called {line.removeprefix('true ').partition(',')[0]} (" in line
    assert "not be lined up" not in (out / "run.json").read_text()
    assert (out / "report.html").stat().st_size < 25e6
    phases = {row["name"]: row["provenance"] for row in json.loads((out / "findings.json").read_text())["phases"]}
    assert {phases[p] for p in WITHHELD} == {"synthetic"}
