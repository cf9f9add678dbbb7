from dataclasses import replace
from pathlib import Path

import pytest

from hepaphase.bundle.bundle import Bundle
from hepaphase.recipes import RECIPES
from hepaphase.training.cohort import Split, open_cohort, split
from hepaphase.training.loop import Options, fit
from hepaphase.training.run import Run

from .smoke_cohort import write_cohort

QUIET = Options(quiet=True, tensorboard=False)
RESUME = replace(QUIET, resume=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return split(open_cohort(write_cohort(tmp_path_factory.mktemp("cohort"))))


@pytest.fixture
def run() -> Run:
    return replace(RECIPES.load("smoke")(), num_steps=7, batch_size=2, validate_every=3, checkpoint_steps=2)


def test_a_run_writes_a_bundle_with_its_card(run: Run, data: Split, tmp_path: Path) -> None:
    fitted = fit(run, data, tmp_path / "out", options=QUIET)
    bundle = Bundle.load(fitted.bundle, kind="smoke")
    assert bundle.card["scale"] == {"steps": 7, "batch_size": 2}
    assert bundle.card["figures"][0]["num_cases"] == len(data.validation)
    assert 0 <= fitted.figures["accuracy"] <= 1


def test_it_learns(run: Run, data: Split, tmp_path: Path) -> None:
    longer = replace(run, num_steps=60, batch_size=4, validate_every=0, checkpoint_steps=100)
    assert fit(longer, data, tmp_path / "out", options=QUIET).figures["accuracy"] > 0.95
