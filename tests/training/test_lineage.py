"""Licences follow a model, and an open one learns from nothing closed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.bundle.bundle import Bundle
from hepaphase.recipes import RECIPES
from hepaphase.training.cohort import Split, open_cohort
from hepaphase.training.lineage import SIMULATED, lineage, require_open
from hepaphase.training.loop import Options, fit

from .smoke_cohort import write_case, write_cohort


def _licensed(folder: Path, line: str) -> Path:
    (write_cohort(folder, num_cases=1) / "prepared.json").write_text(json.dumps({"licence": line}))
    return folder


def test_crops_of_the_simulator_are_known_as_such_and_others_are_not_stated(tmp_path: Path) -> None:
    path = write_case(tmp_path, 0)
    cohort = open_cohort(tmp_path)
    assert lineage(cohort) == (f"{tmp_path.name}: licence not stated",)
    with np.load(path) as file:
        np.savez(path, **dict(file), phantom_version=np.array(3))
    assert lineage(cohort) == (SIMULATED,)
    write_case(tmp_path, 1)
    assert len(lineage(open_cohort(tmp_path))) == 2


def test_a_model_carries_the_licences_of_its_data_and_of_what_it_started_from(tmp_path: Path) -> None:
    lits = open_cohort(_licensed(tmp_path / "lits", "lits: CC BY-NC-ND 4.0"))
    amos = open_cohort(_licensed(tmp_path / "amos", "amos: CC BY 4.0"))
    none = replace(lits, files=())
    run = replace(RECIPES.load("smoke")().made_quick(), num_steps=2)
    quiet = Options(quiet=True, tensorboard=False)
    first = Bundle.load(fit(run, Split(lits, none), tmp_path / "first", options=quiet).bundle)
    assert first.card["lineage"] == ["lits: CC BY-NC-ND 4.0"]
    started = replace(quiet, start=first)
    second = fit(run, Split(amos, none), tmp_path / "second", options=started)
    both = ["lits: CC BY-NC-ND 4.0", "amos: CC BY 4.0"]
    assert Bundle.load(second.bundle).card["lineage"] == both
    going_on = fit(run, Split(amos, none), tmp_path / "second", options=replace(quiet, resume=True))
    assert Bundle.load(going_on.bundle).card["lineage"] == both
    assert fit(run, Split(amos, none), tmp_path / "open", options=replace(quiet, open_only=True)).bundle.is_file()
    for number, options in enumerate((quiet, started)):
        data = Split(lits if options is quiet else amos, none)
        with pytest.raises(ConfigError, match=r"--open.*lits: CC BY-NC-ND 4.0"):
            fit(run, data, tmp_path / f"closed-{number}", options=replace(options, open_only=True))


def test_simulated_patients_are_open() -> None:
    require_open([SIMULATED, "own: Apache-2.0"])
