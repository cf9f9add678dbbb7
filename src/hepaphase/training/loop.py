"""One loop for every task: steps, validation, checkpoints, and the bundle at the end."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ..base.errors import ConfigError
from ..base.log import logger, track
from ..bundle.bundle import Bundle
from ..bundle.card import Card, Figure
from .checkpoint import Checkpoints
from .cohort import Split
from .data import Batches, InOrder, to_device
from .folder import RunFolder
from .lineage import lineage, require_open
from .log import MetricLog
from .prefetch import Workers, ahead
from .rng import restore_rng, rng_state
from .run import Run
from .scans import CARD_FIELD, all_scans, from_text, to_text
from .stop import stop_requests
from .task import Progress, Setup, Task

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run, beside what to run."""

    resume: bool = False
    start: Bundle | None = None
    """Weights to start from."""
    quiet: bool = False
    """No progress bar."""
    tensorboard: bool = True
    open_only: bool = False
    """Refuse data and models whose licence is not stated or forbids commercial use."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a finished run left behind."""

    bundle: Path
    figures: Mapping[str, float]
    """Validation figures of the weights in the bundle."""


def fit(run: Run, data: Split, out: Path, *, options: Options | None = None) -> Fitted:
    """Train, or go on with training, until ``run.num_steps``.

    Writes ``model.hepa``, ``metrics.csv``, ``run.json`` and ``checkpoints/`` under ``out``. On the CPU, a run that was
    killed at any moment and resumed ends with the same weights bit for bit as one that was not.

    Raises:
        OutputError: when ``out`` holds something and ``options.resume`` is not set.
        CheckpointError: when what is resumed is another run, or all checkpoints are damaged.
        ConfigError: when the loss is not finite, or there is nothing to train on.
    """
    options = options or Options()
    folder = RunFolder(out)
    folder.check(resume=options.resume)
    with folder.locked(), _num_threads(run.threads):
        folder.open(run, data, resume=options.resume)
        with contextlib.closing(_Loop(run, data, folder, options)) as loop:
            return loop.run_to_end()


@contextlib.contextmanager
def _num_threads(wanted: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(wanted or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Loop:
    def __init__(self, run: Run, data: Split, folder: RunFolder, options: Options) -> None:
        self._run, self._data, self._folder, self._options = run, data, folder, options
        self._device = _device(run.device)
        self._checkpoints = Checkpoints(folder.path / "checkpoints")
        self._started = self._last_checkpoint = time.monotonic()
        self._train, self._validation = _sources(run, data)
        self._task = self._build()
        self._best: dict[str, float] = {}
        self._scans = all_scans(data.training.files)
        self._lineage = lineage(data.training, () if options.start is None else options.start.card.get("lineage", ()))
        if options.open_only:
            require_open(self._lineage)
        self._step = self._restore()
        self._log = MetricLog(folder.path, step=self._step, tensorboard=options.tensorboard)

    def run_to_end(self) -> Fitted:
        run = self._run
        steps = range(self._step, run.num_steps)
        batches = ahead(self._train, steps, Workers(run.workers, run.worker_kind))
        title = f"{run.name} ({len(self._data.training)} cases)"
        pairs = zip(steps, batches, strict=True)
        with contextlib.closing(batches), stop_requests() as stop:
            for step, batch in track(pairs, title=title, total=len(steps), quiet=self._options.quiet):
                self._one_step(step, batch)
                if stop.requested:
                    self._save()
                    raise KeyboardInterrupt
        return self._finish()

    def close(self) -> None:
        self._log.close()

    def _build(self) -> Task:
        run = self._run
        torch.manual_seed(run.seed)
        setup = Setup(
            device=self._device, amp=run.amp, num_steps=run.num_steps, batch_size=run.batch_size, seed=run.seed
        )
        return run.build(run.task, setup)

    def _restore(self) -> int:
        found = self._checkpoints.newest() if self._options.resume else None
        if found is None:
            if self._options.start is not None:
                self._task.start_from(self._options.start)
                self._scans |= from_text(str(self._options.start.card.get(CARD_FIELD, "")))
            return 0
        step, state = found
        self._task.load_state_dict(state["task"])
        self._best = state["best"]
        self._scans |= from_text(state.get(CARD_FIELD, ""))
        self._lineage = lineage(self._data.training, state.get("lineage", self._lineage))
        if self._options.open_only:
            require_open(self._lineage)
        restore_rng(state["rng"])
        _log.info("going on after step %d of %d", step, self._run.num_steps)
        return step

    def _one_step(self, step: int, batch: Mapping[str, Any]) -> None:
        run = self._run
        figures = self._task.step(to_device(batch, self._device), progress=Progress(step, run.num_steps))
        self._step = step + 1
        if not _finite(figures.get("loss", 0.0)):
            raise ConfigError(
                f"The loss is {figures['loss']} at step {step}; the checkpoints are from before. "
                "Lower the learning rate with --set and start in another folder."
            )
        if _due(self._step, run.log_every, run.num_steps):
            self._log.write(self._step, "training", figures)
        if _due(self._step, run.validate_every, run.num_steps):
            self._validate()
        self._save_if_due()

    def _validate(self) -> None:
        if not len(self._validation):
            return
        workers = Workers(min(self._run.workers, 1), "thread")
        batches = ahead(self._validation, range(len(self._validation)), workers)
        before = rng_state()
        figures = self._task.validate(to_device(batch, self._device) for batch in batches)
        restore_rng(before)  # how often one looks must not change what is trained
        self._log.write(self._step, "validation", figures)
        if not self._run.monitor or self._is_best(figures):
            self._best = dict(figures)
            self._bundle(figures).save(self._folder.path / "best.hepa")

    def _is_best(self, figures: Mapping[str, float]) -> bool:
        name = self._run.monitor
        if name not in figures:
            raise ConfigError(f"monitor is '{name}', the validation figures are {', '.join(figures)}.")
        if not _finite(figures[name]):
            return False
        sign = 1 if self._run.monitor_highest else -1
        return name not in self._best or sign * figures[name] > sign * self._best[name]

    def _save_if_due(self) -> None:
        run = self._run
        late = time.monotonic() - self._last_checkpoint >= run.checkpoint_seconds
        if late or _due(self._step, run.checkpoint_steps, run.num_steps):
            self._save()

    def _save(self) -> None:
        state = {
            "task": self._task.state_dict(),
            "rng": rng_state(),
            "best": self._best,
            CARD_FIELD: to_text(self._scans),
            "lineage": list(self._lineage),
        }
        self._checkpoints.save(self._step, state)
        self._last_checkpoint = time.monotonic()

    def _finish(self) -> Fitted:
        path = self._folder.path / "model.hepa"
        best = self._folder.path / "best.hepa"
        bundle = Bundle.load(best) if best.is_file() else self._bundle({})
        bundle.save(path)
        seconds = time.monotonic() - self._started
        self._folder.finish(num_steps=self._run.num_steps, seconds=seconds, figures=self._best)
        return Fitted(path, self._best)

    def _bundle(self, figures: Mapping[str, float]) -> Bundle:
        card = _card(self._run, self._data, self._step, figures)
        return self._task.bundle(replace(card, scans=to_text(self._scans), lineage=self._lineage).to_dict())


def _sources(run: Run, data: Split) -> tuple[Batches, InOrder]:
    training = run.samples(data.training, run.task, training=True)
    validation = run.samples(data.validation, run.task, training=False)
    shared: dict[str, Any] = {"batch_size": run.batch_size, "seed": run.seed, "collate": run.collate}
    return (
        Batches(samples=training, **shared),
        InOrder(samples=validation, at_most=run.num_validation_batches, **shared),
    )


def _card(run: Run, data: Split, step: int, figures: Mapping[str, float]) -> Card:
    count = len(data.validation)
    cohort = data.training.name
    return Card(
        title=f"hepaphase {run.name}",
        training_data=run.training_data,
        cohort=cohort,
        num_cases=len(data.training),
        num_validation_cases=count,
        seed=run.seed,
        scale={"steps": step, "batch_size": run.batch_size},
        figures=[
            Figure(name=name, value=value, num_cases=count, cohort=f"{cohort}, validation")
            for name, value in figures.items()
            if count and _finite(value)
        ],
    )


def _due(step: int, every: int, num_steps: int) -> bool:
    return step == num_steps or (every > 0 and step % every == 0)


def _finite(value: float) -> bool:
    return value - value == 0


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"No device is called '{name}'. Use cpu, cuda or cuda:0.") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"Device '{name}' was asked for and CUDA is not available here. Use --device cpu.")
    return device
