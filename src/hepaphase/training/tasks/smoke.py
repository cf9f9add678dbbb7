"""The smallest task that has everything a task can have; for trying the loop out in seconds.

A few convolutions learn to tell the liver from its surroundings in one phase. It drops out (torch's random state),
averages its weights (state beside the optimiser), and keeps a memory bank of recent features.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...base.errors import ConfigError
from ...bundle.bundle import Bundle
from ..cohort import Cohort
from ..data import Sample
from ..optim import Ema, Precision, cosine_lr, set_lr
from ..task import Batch, Progress, Setup, Stateful, gather_state, restore_state

_HU_SCALE = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeConfig:
    """Settings of the task.

    Raises:
        ConfigError: for a network without channels.
    """

    channels: int = 4
    """Features of the hidden layer."""
    lr: float = 0.01
    memory: int = 8
    """Entries of the memory bank."""

    def __post_init__(self) -> None:
        if self.channels < 1 or self.memory < 1:
            raise ConfigError(f"channels and memory must be at least 1, got {self.channels} and {self.memory}.")


class SmokeSamples:
    """One random cube of 16 voxels of one random phase, and the liver in it."""

    def __init__(self, cohort: Cohort, config: SmokeConfig, *, training: bool) -> None:
        self._cohort = cohort

    def __len__(self) -> int:
        return len(self._cohort)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """``image`` (1, 16, 16, 16) scaled HU and ``liver`` (1, 16, 16, 16) of 0 and 1."""
        case = self._cohort.load(index)
        phase = list(case.hu)[int(rng.integers(len(case.hu)))]
        corner = [int(rng.integers(size - 15)) for size in case.hu[phase].shape]
        box = tuple(slice(start, start + 16) for start in corner)
        image = case.hu[phase][box].astype(np.float32)[None] / _HU_SCALE
        return {"image": image, "liver": case.masks["liver"][box].astype(np.float32)[None]}


class SmokeTask:
    """See the module."""

    def __init__(self, config: SmokeConfig, setup: Setup) -> None:
        self._config = config
        self._net = _net(config).to(setup.device)
        self._optimizer = torch.optim.AdamW(self._net.parameters())
        self._precision = Precision(setup.device, amp=setup.amp)
        self._ema = Ema(self._net, decay=0.9)
        self._memory = _Memory(config.memory, config.channels).to(setup.device)
        self._parts: dict[str, Stateful] = {
            "net": self._net,
            "optimizer": self._optimizer,
            "precision": self._precision,
            "ema": self._ema,
            "memory": self._memory,
        }

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """Cross-entropy, and a pull of the mean feature towards those remembered."""
        set_lr(self._optimizer, cosine_lr(self._config.lr, progress, warmup=2))
        with self._precision.autocast():
            feature, logit = self._forward(batch["image"])
            loss = nn.functional.binary_cross_entropy_with_logits(logit, batch["liver"])
            mean = feature.mean(dim=(2, 3, 4))
            loss = loss + 0.01 * (mean - self._memory.entries.mean(0)).square().mean()
        norm = self._precision.step(loss, self._optimizer, max_norm=1.0)
        self._memory.push(mean.detach())
        self._ema.update()
        return {"loss": float(loss.detach()), "gradient_norm": norm}

    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Accuracy over voxels."""
        self._net.eval()
        with torch.no_grad(), self._ema.applied():
            hits = [((self._forward(b["image"])[1] > 0) == (b["liver"] > 0.5)).float().mean() for b in batches]
        self._net.train()
        return {"accuracy": float(torch.stack(hits).mean())}

    def state_dict(self) -> dict[str, Any]:
        """All parts."""
        return gather_state(self._parts)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        restore_state(self._parts, state)

    def start_from(self, bundle: Bundle) -> None:
        """Take over the network."""
        bundle.load_into(self._net)
        self._ema.restart()

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The averaged network."""
        return Bundle(
            kind="smoke", config=asdict(self._config), classes=("liver",), weights=self._ema.weights, card=card
        )

    def _forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        feature = self._net[:3](image)
        return feature, self._net[3:](feature)


class _Memory(nn.Module):
    """The last few mean features, oldest overwritten first."""

    entries: Tensor
    position: Tensor

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("entries", torch.zeros(size, channels))
        self.register_buffer("position", torch.zeros((), dtype=torch.long))

    def push(self, features_BC: Tensor) -> None:
        for feature in features_BC:
            self.entries[int(self.position) % len(self.entries)] = feature
            self.position += 1


def _net(config: SmokeConfig) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(1, config.channels, 3, padding=1),
        nn.BatchNorm3d(config.channels),
        nn.ReLU(),
        nn.Dropout3d(0.2),
        nn.Conv3d(config.channels, 1, 1),
    )
