"""What a task must offer to the loop."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from ..bundle.bundle import Bundle

Batch = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training is."""

    step: int
    """Steps done before this one; 0 for the first."""
    num_steps: int

    @property
    def fraction(self) -> float:
        """From 0 at the first step to just under 1 at the last."""
        return self.step / self.num_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a task is built for, beside its own configuration."""

    device: torch.device
    amp: bool
    num_steps: int
    batch_size: int
    seed: int


class Stateful(Protocol):
    """A module, optimiser, average or memory bank."""

    def state_dict(self) -> Any: ...  # noqa: D102

    def load_state_dict(self, state: Any, /) -> Any: ...  # noqa: D102


class Task(Protocol):
    """Owns modules, optimisers and memory, and therefore its step; one is built as ``build(config, setup)``.

    The loop has seeded torch before it builds a task. Batches arrive on the device of the setup. Randomness inside a
    step comes from torch, whose state the loop keeps, or is a function of the seed and ``progress.step``.
    """

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """One training step: as many forward and backward passes and optimisers as it needs.

        Returns:
            Numbers to log; ``loss`` among them stops the run when it is not finite.
        """
        ...

    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Figures over all validation batches; changes nothing of the task."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything the next step depends on, averages and memory banks included, as tensors and plain values."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        ...

    def start_from(self, bundle: Bundle) -> None:
        """Take the weights of an earlier training (``--from``); refuse by name what does not fit."""
        ...

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The model as it would be used now: averaged weights where there are any."""
        ...


def gather_state(parts: Mapping[str, Stateful]) -> dict[str, Any]:
    """States of named parts in one dictionary; a task's ``state_dict`` in one line."""
    return {name: part.state_dict() for name, part in parts.items()}


def restore_state(parts: Mapping[str, Stateful], state: Mapping[str, Any]) -> None:
    """Undo of :func:`gather_state`; the names must be the same."""
    assert parts.keys() == state.keys(), f"parts {sorted(parts)} are not those saved, {sorted(state)}"
    for name, part in parts.items():
        part.load_state_dict(state[name])
