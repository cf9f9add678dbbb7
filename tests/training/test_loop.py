import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hepaphase.base.errors import CheckpointError, ConfigError, OutputError
from hepaphase.bundle.bundle import Bundle
from hepaphase.recipes import RECIPES
from hepaphase.training.checkpoint import Checkpoints
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
    return replace(RECIPES.load("smoke")(), num_steps=7, batch_size=2, validate_every=3, checkpoint_steps=2, threads=1)


def test_a_run_writes_a_bundle_with_its_card(run: Run, data: Split, tmp_path: Path) -> None:
    fitted = fit(run, data, tmp_path / "out", options=QUIET)
    bundle = Bundle.load(fitted.bundle, kind="smoke")
    assert bundle.card["scale"] == {"steps": 7, "batch_size": 2}
    assert bundle.card["figures"][0]["num_cases"] == len(data.validation)
    assert 0 <= fitted.figures["accuracy"] <= 1


def test_it_learns(run: Run, data: Split, tmp_path: Path) -> None:
    longer = replace(run, num_steps=60, batch_size=4, validate_every=0, checkpoint_steps=100)
    assert fit(longer, data, tmp_path / "out", options=QUIET).figures["accuracy"] > 0.95


def state(out: Path) -> dict:
    found = Checkpoints(out / "checkpoints").newest()
    assert found is not None
    return found[1]


def assert_same(one: object, other: object, name: str = "state") -> None:
    """Bit for bit, down to the last tensor."""
    assert type(one) is type(other), name
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and torch.equal(one, other), name
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), name
        for key, value in one.items():
            assert_same(value, other[key], f"{name}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), name
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{name}.{number}")
    else:
        assert one == other, name


def interrupted(run: Run, data: Split, out: Path, *, after: int) -> None:
    """Train until ``after`` steps are done, then fail."""

    def build(config: object, setup: object) -> object:
        task = run.build(config, setup)
        step = task.step

        def failing(batch: object, *, progress: object) -> dict[str, float]:
            if progress.step == after:
                raise RuntimeError("power cut")
            return step(batch, progress=progress)

        task.step = failing
        return task

    with pytest.raises(RuntimeError, match="power cut"):
        fit(replace(run, build=build), data, out, options=QUIET)


@pytest.mark.parametrize("after", [1, 4, 5])
def test_resuming_changes_nothing(run: Run, data: Split, tmp_path: Path, after: int) -> None:
    fit(run, data, tmp_path / "whole", options=QUIET)
    interrupted(run, data, tmp_path / "cut", after=after)
    fit(run, data, tmp_path / "cut", options=RESUME)
    assert_same(state(tmp_path / "cut"), state(tmp_path / "whole"))
    for name in ("model.hepa", "metrics.csv"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_damaged_checkpoint_costs_a_few_steps_and_no_bit(
    run: Run, data: Split, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fit(run, data, tmp_path / "whole", options=QUIET)
    interrupted(run, data, tmp_path / "cut", after=5)
    newest = tmp_path / "cut" / "checkpoints" / "step-000000004.ckpt"
    newest.write_bytes(newest.read_bytes()[:-100])
    fit(run, data, tmp_path / "cut", options=RESUME)
    assert "step-000000004.ckpt is damaged" in caplog.text
    assert_same(state(tmp_path / "cut"), state(tmp_path / "whole"))


def test_ctrl_c_saves_before_it_stops(run: Run, data: Split, tmp_path: Path) -> None:
    rare = replace(run, checkpoint_steps=100)
    fit(rare, data, tmp_path / "whole", options=QUIET)

    def build(config: object, setup: object) -> object:
        task = run.build(config, setup)
        step = task.step

        def pressed(batch: object, *, progress: object) -> dict[str, float]:
            if progress.step == 4:
                os.kill(os.getpid(), signal.SIGINT)
            return step(batch, progress=progress)

        task.step = pressed
        return task

    with pytest.raises(KeyboardInterrupt):
        fit(replace(rare, build=build), data, tmp_path / "cut", options=QUIET)
    assert [p.name for p in (tmp_path / "cut" / "checkpoints").iterdir()] == ["step-000000005.ckpt"]
    fit(rare, data, tmp_path / "cut", options=RESUME)
    assert_same(state(tmp_path / "cut"), state(tmp_path / "whole"))


def test_two_processes_do_not_train_in_one_folder(run: Run, data: Split, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="Another process"):
            fit(run, data, tmp_path / "out", options=RESUME)
    fit(run, data, tmp_path / "out", options=RESUME)


def test_how_often_one_looks_does_not_change_the_weights(run: Run, data: Split, tmp_path: Path) -> None:
    fit(run, data, tmp_path / "a", options=QUIET)
    other = replace(run, validate_every=0, checkpoint_steps=100, checkpoint_seconds=0.0, log_every=3, workers=0)
    fit(other, data, tmp_path / "b", options=QUIET)
    assert_same(state(tmp_path / "a")["task"], state(tmp_path / "b")["task"])


def test_another_seed_gives_other_weights(run: Run, data: Split, tmp_path: Path) -> None:
    fit(run, data, tmp_path / "a", options=QUIET)
    fit(replace(run, seed=1), data, tmp_path / "b", options=QUIET)
    assert (tmp_path / "a" / "model.hepa").read_bytes() != (tmp_path / "b" / "model.hepa").read_bytes()


def test_two_generations_are_kept(run: Run, data: Split, tmp_path: Path) -> None:
    fit(run, data, tmp_path / "out", options=QUIET)
    names = sorted(p.name for p in (tmp_path / "out" / "checkpoints").iterdir())
    assert names == ["step-000000006.ckpt", "step-000000007.ckpt"]


def test_resuming_a_finished_run_leaves_it_as_it_was(run: Run, data: Split, tmp_path: Path) -> None:
    first = fit(run, data, tmp_path / "out", options=QUIET)
    before = first.bundle.read_bytes()
    assert fit(run, data, tmp_path / "out", options=RESUME).figures == first.figures
    assert first.bundle.read_bytes() == before


def test_an_existing_run_is_not_overwritten(run: Run, data: Split, tmp_path: Path) -> None:
    fit(run, data, tmp_path / "out", options=QUIET)
    with pytest.raises(OutputError, match="--resume"):
        fit(run, data, tmp_path / "out", options=QUIET)


def test_somebody_elses_files_are_not_mixed_with(run: Run, data: Split, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("chapter 1")
    with pytest.raises(OutputError, match=r"thesis\.txt"):
        fit(run, data, tmp_path, options=RESUME)


def test_another_run_is_not_resumed(run: Run, data: Split, tmp_path: Path) -> None:
    fit(run, data, tmp_path / "out", options=QUIET)
    with pytest.raises(CheckpointError, match=r"settings\.seed is 0 there and 3 now"):
        fit(replace(run, seed=3), data, tmp_path / "out", options=RESUME)
    with pytest.raises(CheckpointError, match=r"task\.lr"):
        fit(replace(run, task=replace(run.task, lr=0.5)), data, tmp_path / "out", options=RESUME)
    with pytest.raises(CheckpointError, match=r"cohort\."):
        fit(run, Split(data.validation, data.training), tmp_path / "out", options=RESUME)


def test_what_does_not_decide_the_weights_may_change_on_resume(
    run: Run, data: Split, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fit(run, data, tmp_path / "out", options=QUIET)
    fit(replace(run, workers=0, log_every=1), data, tmp_path / "out", options=RESUME)
    assert not caplog.text
    fit(replace(run, threads=2), data, tmp_path / "out", options=RESUME)
    assert "settings.threads was 1 and is 2 now: weights may differ in the last bit" in caplog.text


def test_a_loss_that_is_not_finite_stops_the_run(run: Run, data: Split, tmp_path: Path) -> None:
    def build(config: object, setup: object) -> object:
        task = run.build(config, setup)
        task.step = lambda batch, *, progress: {"loss": float("nan") if progress.step == 4 else 1.0}
        return task

    with pytest.raises(ConfigError, match="nan at step 4"):
        fit(replace(run, build=build), data, tmp_path / "out", options=QUIET)
    assert Checkpoints(tmp_path / "out" / "checkpoints").newest()[0] == 4


@pytest.mark.parametrize(("scores", "highest"), [((0.5, 0.9, 0.7), True), ((float("nan"), 0.9, 1.2), False)])
def test_the_best_weights_are_kept(
    run: Run, data: Split, tmp_path: Path, scores: tuple[float, ...], highest: bool
) -> None:
    coming = iter(scores)

    def build(config: object, setup: object) -> object:
        task = run.build(config, setup)
        task.validate = lambda batches: {"accuracy": next(coming)}
        return task

    watched = replace(run, build=build, monitor="accuracy", monitor_highest=highest)
    fitted = fit(watched, data, tmp_path / "out", options=QUIET)
    bundle = Bundle.load(fitted.bundle)
    assert fitted.figures == {"accuracy": 0.9}
    assert bundle.card["scale"]["steps"] == 6


def test_training_goes_on_from_a_bundle(run: Run, data: Split, tmp_path: Path) -> None:
    long = replace(run, num_steps=40, batch_size=4, validate_every=0, checkpoint_steps=100)
    first = fit(long, data, tmp_path / "a", options=QUIET)
    start = replace(QUIET, start=Bundle.load(first.bundle))
    again = fit(replace(run, num_steps=1), data, tmp_path / "b", options=start)
    fresh = fit(replace(run, num_steps=1), data, tmp_path / "c", options=QUIET)
    assert again.figures["accuracy"] > fresh.figures["accuracy"]


def test_cuda_where_there_is_none_is_refused(run: Run, data: Split, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ConfigError, match="--device cpu"):
        fit(replace(run, device="cuda"), data, tmp_path / "out", options=QUIET)


def test_tensorboard_events_hold_what_the_table_holds(run: Run, data: Split, tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    fit(run, data, tmp_path / "out", options=replace(QUIET, tensorboard=True))
    events = accumulator.EventAccumulator(str(tmp_path / "out" / "tensorboard")).Reload()
    assert {"training/loss", "validation/accuracy"} <= set(events.Tags()["scalars"])
    assert [e.step for e in events.Scalars("validation/accuracy")] == [3, 6, 7]


def test_the_progress_bar_shows_the_time_left(
    run: Run, data: Split, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    fit(run, data, tmp_path / "out", options=replace(QUIET, quiet=False))
    assert "smoke (4 cases)" in (text := capfd.readouterr().err)
    assert "7/7" in text and "0:00:00" in text


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("amp", [False, True])
def test_cuda_and_mixed_precision_learn(run: Run, data: Split, tmp_path: Path, amp: bool) -> None:
    longer = replace(run, num_steps=60, batch_size=4, validate_every=0, device="cuda", amp=amp)
    assert fit(longer, data, tmp_path / "out", options=QUIET).figures["accuracy"] > 0.95
