"""Where a run can go on from: written whole, checked when read, two generations kept."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..base.atomic import atomic_path
from ..base.errors import CheckpointError
from ..base.log import logger

GENERATIONS = 2

_log = logger(__name__)
_MAGIC = b"hepaphase checkpoint 1\n"
_PLAIN = (bool, int, float, str, type(None), Tensor)


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of one run: ``step-<number>.ckpt``, newest and the one before.

    A file is a magic line, the SHA-256 of the rest, and a torch archive that is read without running code from it.
    """

    folder: Path

    def save(self, step: int, state: Mapping[str, Any]) -> Path:
        """Write the state after ``step`` steps, then delete what is older than two generations.

        Raises:
            CheckpointError: naming the entry that is not a tensor or plain value.
        """
        _require_plain(state, "state")
        payload = io.BytesIO()
        torch.save(dict(state), payload)
        body = payload.getbuffer()
        path = self.folder / f"step-{step:09d}.ckpt"
        with atomic_path(path) as partial, partial.open("wb") as file:
            file.write(_MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n")
            file.write(body)
        self._tidy()
        return path

    def newest(self) -> tuple[int, dict[str, Any]] | None:
        """Step and state of the newest checkpoint that is whole; None when there has been none.

        A damaged newest one is passed over with a warning.

        Raises:
            CheckpointError: when there are checkpoints and all are damaged.
        """
        paths = self._paths()
        for path in paths:
            try:
                return _step(path), read_checkpoint(path)
            except CheckpointError as error:
                _log.warning("%s Going back to the one before.", error)
        if paths:
            raise CheckpointError(f"No checkpoint in {self.folder} can be read. Start again in another folder.")
        return None

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.ckpt"), key=_step, reverse=True)

    def _tidy(self) -> None:
        """Delete old generations, and what a killed writer left behind."""
        for path in [*self._paths()[GENERATIONS:], *self.folder.glob(".partial-*.ckpt")]:
            path.unlink(missing_ok=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The state in one file.

    Raises:
        CheckpointError: if a single byte of it is not as written.
    """
    data = path.read_bytes()
    digest_end = len(_MAGIC) + 64
    body = memoryview(data)[digest_end + 1 :]
    if not data.startswith(_MAGIC) or hashlib.sha256(body).hexdigest().encode() != data[len(_MAGIC) : digest_end]:
        raise CheckpointError(f"{path} is damaged or incomplete.")
    state: dict[str, Any] = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    return state


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))


def _require_plain(value: Any, name: str) -> None:
    for key, entry in _children(value):
        _require_plain(entry, f"{name}.{key}")
    if not isinstance(value, (*_PLAIN, Mapping, list, tuple)):
        raise CheckpointError(
            f"A checkpoint holds tensors and plain values; {name} is a {type(value).__name__}. "
            "Convert it in state_dict."
        )


def _children(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        yield from enumerate(value)
