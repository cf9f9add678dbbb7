"""Samples to batches: the batch of a step is a function of the seed and the step alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..base.errors import ConfigError
from ..base.seeds import stream

Sample = Mapping[str, npt.NDArray[Any]]


class Samples(Protocol):
    """Training examples by number."""

    def __len__(self) -> int: ...

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """Example ``index``; whatever is random about it comes from ``rng``, so that it can be made again."""
        ...


Collate = Callable[[Sequence[Sample]], dict[str, Tensor]]


def stack(samples: Sequence[Sample]) -> dict[str, Tensor]:
    """Stack fields of equal shape along a new first axis.

    Raises:
        ConfigError: naming the field whose shapes differ.
    """
    batch = {}
    for name in samples[0]:
        arrays = [np.asarray(sample[name]) for sample in samples]
        if len({array.shape for array in arrays}) > 1:
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise ConfigError(f"'{name}' has different shapes in one batch: {shapes}. Crop or pad in the samples.")
        batch[name] = torch.from_numpy(np.stack(arrays))
    return batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """Every batch of a run by the number of its step; nothing is remembered between two.

    Examples come in a new random order each time all have been seen; a batch may span two rounds.

    Raises:
        ConfigError: when there is no sample.
    """

    samples: Samples
    batch_size: int
    seed: int
    collate: Collate = stack

    def __post_init__(self) -> None:
        if len(self.samples) < 1:
            raise ConfigError("There is no training case. Check the cohort and its split.")

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        """The batch of ``step``."""
        first = step * self.batch_size
        return self.collate([self._sample(place) for place in range(first, first + self.batch_size)])

    def _sample(self, place: int) -> Sample:
        round_number, position = divmod(place, len(self.samples))
        order = stream(self.seed, "order", round_number).permutation(len(self.samples))
        return self.samples.sample(int(order[position]), stream(self.seed, "sample", place))


@dataclass(frozen=True, slots=True, kw_only=True)
class InOrder:
    """Validation batches: each example once, in order, always drawn the same; the last batch may be smaller."""

    samples: Samples
    batch_size: int
    seed: int
    collate: Collate = stack
    at_most: int = 0
    """Batches; 0 for all."""

    def __len__(self) -> int:
        total = -(-len(self.samples) // self.batch_size)
        return min(total, self.at_most) if self.at_most else total

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        """Batch ``number``."""
        first = number * self.batch_size
        places = range(first, min(first + self.batch_size, len(self.samples)))
        return self.collate([self.samples.sample(i, stream(self.seed, "validation", i)) for i in places])


def to_device(batch: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """The batch on ``device``."""
    return {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
