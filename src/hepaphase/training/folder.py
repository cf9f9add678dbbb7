"""The folder of a run: who it belongs to, and that nothing in it is lost."""

import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import torch

from ..base.atomic import write_json
from ..base.errors import CheckpointError, OutputError
from ..base.log import logger
from ..bundle.bundle import current_versions
from .cohort import Split
from .run import Run

FREE = frozenset({"log_every", "checkpoint_steps", "checkpoint_seconds", "workers", "worker_kind", "training_data"})
"""Settings that may change on resume, for the weights do not depend on them."""
ROUNDING = frozenset({"device", "threads"})
"""Settings that may change on resume with a warning, for sums depend on them in the last bit."""

try:
    import fcntl
except ImportError:  # no such locks on this system
    fcntl = None  # type: ignore[assignment]

_LOCK = ".lock"
_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where a run writes."""

    path: Path

    def check(self, *, resume: bool) -> None:
        """Whether a run may write here at all.

        Raises:
            OutputError: when it holds a run and ``resume`` is not set, or anything but a run.
        """
        earlier = self._earlier()
        if earlier is None:
            self._refuse_strangers()
        elif not resume:
            raise OutputError(
                f"{self.path} holds the run '{earlier['name']}'. Add --resume to go on with it, or name another folder."
            )

    def open(self, run: Run, data: Split, *, resume: bool) -> None:
        """Claim the folder for ``run``.

        Raises:
            OutputError: as :meth:`check`.
            CheckpointError: when it holds another run, naming the settings that differ.
        """
        self.check(resume=resume)
        record, earlier = _record(run, data), self._earlier()
        if earlier is not None:
            _require_same(earlier, record, self.path)
            record = {**record, **{key: earlier[key] for key in ("finished",) if key in earlier}}
        write_json(self.path / "run.json", record)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out while the block runs; the lock of a killed process is gone with it.

        Raises:
            OutputError: when another process trains here.
        """
        if fcntl is None:
            yield
            return
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / _LOCK).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise OutputError(f"Another process is training in {self.path}. Wait for it, or stop it.") from error
            for left in self.path.glob(".partial-*"):  # by a writer that was killed
                left.unlink(missing_ok=True)
            yield

    def finish(self, *, num_steps: int, seconds: float, figures: Mapping[str, float]) -> None:
        """Note that the run is complete."""
        record = self._earlier() or {}
        finite = {name: value for name, value in figures.items() if value - value == 0}
        record["finished"] = {"steps": num_steps, "seconds_this_start": round(seconds, 1), "validation": finite}
        write_json(self.path / "run.json", record)

    def _earlier(self) -> dict[str, Any] | None:
        file = self.path / "run.json"
        if not file.is_file():
            return None
        try:
            earlier: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CheckpointError(f"{file} cannot be read ({error}). Start again in another folder.") from error
        if "settings" not in earlier:
            raise OutputError(f"{file} does not describe a training run. Name another folder.")
        return earlier

    def _refuse_strangers(self) -> None:
        ours = {"prepared", _LOCK}  # what a raw cohort was prepared into
        found = [p.name for p in self.path.iterdir()] if self.path.is_dir() else []
        strangers = sorted(name for name in found if name not in ours and not name.startswith(".partial-"))
        if strangers:
            raise OutputError(f"{self.path} is not empty (it holds {strangers[0]}). Name an empty or new folder.")


def _record(run: Run, data: Split) -> dict[str, Any]:
    """Plain data about a run; what decides its weights is under ``settings``, ``task`` and ``cohort``."""
    settings = {
        field.name: value
        for field in fields(run)
        if isinstance(value := getattr(run, field.name), (bool, int, float, str))
    }
    return {
        "name": run.name,
        "settings": settings,
        "task": _plain(run.task),
        "cohort": {
            "name": data.training.name,
            "training": {"cases": len(data.training), "fingerprint": data.training.fingerprint()},
            "validation": {"cases": len(data.validation), "fingerprint": data.validation.fingerprint()},
        },
        "versions": {**current_versions(), "python": platform.python_version()},
        "torch_threads": run.threads or torch.get_num_threads(),
    }


def _plain(config: Any) -> Any:
    values = asdict(config) if is_dataclass(config) and not isinstance(config, type) else repr(config)
    return json.loads(json.dumps(values, default=str))


def _require_same(earlier: Mapping[str, Any], record: Mapping[str, Any], path: Path) -> None:
    before, now = _flat(earlier), _flat(record)
    differing = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    deciding = [key for key in differing if key.startswith(("name", "settings.", "task", "cohort."))]
    deciding = [key for key in deciding if key.removeprefix("settings.") not in FREE | ROUNDING]
    if deciding:
        key = deciding[0]
        raise CheckpointError(
            f"{path} holds another run: {key} is {before.get(key)} there and {now.get(key)} now. "
            "Give the same settings, or name another folder."
        )
    for key in differing:
        if key.startswith(("versions.", "torch_threads")) or key.removeprefix("settings.") in ROUNDING:
            _log.warning(
                "%s was %s and is %s now: weights may differ in the last bit.", key, before.get(key), now.get(key)
            )


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {name: value}
    return {k: v for key, entry in value.items() for k, v in _flat(entry, f"{name}.{key}" if name else key).items()}
