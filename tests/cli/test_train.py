import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hepaphase.base.errors import BundleError, ConfigError, OutputError, UnknownNameError
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.cli.main import group
from hepaphase.io.case import write_case
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.simulate import simulate

from ..training.smoke_cohort import write_cohort

FAST = ("--set", "num_steps=3", "--set", "threads=1")


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(group, ["train", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("cohort"))


def test_without_a_recipe_it_lists_them() -> None:
    lines = run().output.splitlines()
    assert any(line.startswith("smoke ") and line.endswith(".") for line in lines)


def test_it_writes_what_it_says(cohort: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("smoke", cohort, out, "--seed", 4, "--fold", 1, "--set", "channels=2", *FAST)
    assert result.output.splitlines()[-1] == str(out / "model.hepa")
    assert "accuracy: " in result.output
    assert f"learned from {cohort.name}: licence not stated" in result.output
    bundle = Bundle.load(out / "model.hepa")
    assert (bundle.config["channels"], bundle.card["seed"]) == (2, 4)
    assert json.loads((out / "run.json").read_text())["finished"]["steps"] == 3
    assert (out / "metrics.csv").is_file()


def test_an_open_model_learns_from_nothing_of_unknown_licence(cohort: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="licence not stated"):
        run("smoke", cohort, tmp_path / "out", "--open", *FAST)


def test_quick_takes_eight_steps(cohort: Path, tmp_path: Path) -> None:
    run("smoke", cohort, tmp_path / "out", "--quick", "--set", "threads=1")
    assert json.loads((tmp_path / "out" / "run.json").read_text())["finished"]["steps"] == 8


def test_resume_goes_on_and_its_lack_refuses(cohort: Path, tmp_path: Path) -> None:
    run("smoke", cohort, tmp_path / "out", *FAST)
    with pytest.raises(OutputError, match="--resume"):
        run("smoke", cohort, tmp_path / "out", *FAST)
    assert run("smoke", cohort, tmp_path / "out", "--resume", *FAST).exit_code == 0


def test_training_starts_from_a_bundle(cohort: Path, tmp_path: Path) -> None:
    run("smoke", cohort, tmp_path / "a", *FAST)
    result = run("smoke", cohort, tmp_path / "b", "--from", tmp_path / "a" / "model.hepa", *FAST)
    assert result.exit_code == 0


def test_a_raw_cohort_is_prepared_first(tmp_path: Path) -> None:
    grid = Grid(shape_zyx=(10, 12, 14), spacing_zyx_mm=(16.0, 15.0, 14.0))
    for seed in (1, 2):
        study = simulate(seed, grid=grid).study
        write_case(replace(study, case=f"visit-{seed}", clinical={**study.clinical}), tmp_path / f"raw/visit-{seed}")
    out = tmp_path / "out"
    assert run("smoke", tmp_path / "raw", out, "--bundle", shipped("organs"), *FAST).exit_code == 0
    assert sorted(p.name for p in (out / "prepared").glob("*.npz")) == ["visit-1.npz", "visit-2.npz"]
    assert set(json.loads((out / "prepared" / "prepared.json").read_text())["patients"]) == {"visit-1", "visit-2"}
    assert run("smoke", tmp_path / "raw", out, "--resume", *FAST).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("smok",), UnknownNameError, "Did you mean 'smoke'"),
        (("smoke", "--set", "num_step=3"), UnknownNameError, "Did you mean 'num_steps'"),
        (("smoke", "--device", "abacus"), ConfigError, "'abacus'"),
        (("smoke", "--fold", "9"), ConfigError, "Fold 9"),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(
    cohort: Path, tmp_path: Path, arguments: tuple[str, ...], error: type[Exception], message: str
) -> None:
    recipe, *options = arguments
    with pytest.raises(error, match=message):
        run(recipe, cohort, tmp_path / "out", *options)
    assert not (tmp_path / "out" / "model.hepa").exists()


def test_a_recipe_without_a_cohort_is_a_usage_error() -> None:
    assert run("smoke").exit_code == 2


def test_a_model_that_would_do_nothing_and_one_of_another_kind_are_refused(cohort: Path, tmp_path: Path) -> None:
    other = Bundle(kind="diagnosis", config={}).save(tmp_path / "other.hepa")
    with pytest.raises(ConfigError, match="is prepared already"):
        run("smoke", cohort, tmp_path / "out", "--bundle", other, *FAST)
    raw = tmp_path / "raw"
    raw.mkdir()
    with pytest.raises(BundleError, match="asked for one for organs"):
        run("smoke", raw, tmp_path / "out", "--bundle", other, *FAST)
