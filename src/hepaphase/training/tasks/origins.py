"""Train the head that tells where a metastasis comes from, on a finished reader that is left as it is."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ...base.errors import ConfigError
from ...bundle.bundle import Bundle, shipped
from ...diagnosis.diagnose import Reader
from ...diagnosis.origins import lesion_means, with_origins
from ...study.lesions import LESION_CLASSES, METASTASIS_ORIGINS
from ..optim import cosine_lr, set_lr
from ..patches import PatchConfig
from ..task import Batch, Progress, Setup
from .diagnosis import scan_of
from .naming import padded


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginsConfig:
    """Settings of the task (our choice).

    Raises:
        ConfigError: for a rate or size that cannot be.
    """

    patch: PatchConfig = field(default_factory=PatchConfig)
    """Which phases are shown, and how well they lie on one another; the rest of it is not used."""
    lr: float = 3e-2
    penalty: float = 0.3
    """On half the sum of squared weights (our choice). Of 0 to 10, tried once in five folds of 143 patients of
    sim-1k-train by a script that is not kept, 0.1 to 1 do alike (log loss 1.64 to 1.68, 0.43 named right)."""
    num_updates: int = 8
    """Steps of the optimiser for each step of the run, which reads cases and is what takes time."""
    bfloat16: bool = True
    """Read in bfloat16, at twice the speed."""

    def __post_init__(self) -> None:
        if self.lr <= 0 or self.num_updates < 1 or self.penalty < 0:
            raise ConfigError(f"lr must be positive, num_updates at least 1 and penalty not negative, got {self}.")


class OriginsTask:
    """Every step reads new cases, remembers what the voxel heads see of metastases, and learns from all remembered.

    The head is linear in the mean of a lesion's voxels, so a lesion need not be read again to be learned from again.
    Metastases of one origin in one case speak together, by their mean: patients weigh the same however many they have.
    """

    def __init__(self, config: OriginsConfig, setup: Setup) -> None:
        self._config = config
        self._setup = setup
        self._origins = torch.zeros(0, dtype=torch.int64)
        self._start(Bundle.load(shipped("diagnosis"), kind="diagnosis"))

    def start_from(self, bundle: Bundle) -> None:
        """Give this reader the head; without it, the one that ships."""
        bundle.check_classes(tuple(LESION_CLASSES))
        self._start(bundle)

    def _start(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._reader = Reader.from_bundle(bundle, device=str(self._setup.device))
        width = self._reader.config.embedding
        self._seen = torch.zeros(0, width)
        self._head = nn.Linear(width, len(METASTASIS_ORIGINS)).to(self._setup.device)
        nn.init.zeros_(self._head.weight)
        nn.init.zeros_(self._head.bias)
        self._optimizer = torch.optim.Adam(self._head.parameters())

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """Read, remember, learn."""
        seen, origins = self._metastases(batch)
        self._seen = torch.cat([self._seen, seen])
        self._origins = torch.cat([self._origins, origins])
        figures = {"remembered": float(len(self._origins))}
        if not len(self._origins):
            return {"loss": 0.0, **figures}
        set_lr(self._optimizer, cosine_lr(self._config.lr, progress, final=0.0, warmup=1))
        middle, spread = self._scale()
        inputs = ((self._seen - middle) / spread).to(self._setup.device)
        origins = self._origins.to(self._setup.device)
        total = 0.0
        for _ in range(self._config.num_updates):
            entropy = nn.functional.cross_entropy(self._head(inputs), origins)
            loss = entropy + self._config.penalty / 2 * self._head.weight.square().sum()
            self._optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            total += float(loss.detach()) / self._config.num_updates
        return {"loss": total, **figures}

    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Log loss and share named right, given all phases and the true outlines of metastases."""
        found = [self._metastases(batch) for batch in batches]
        origins = torch.cat([own for _, own in found])
        if not len(origins):
            return {"loss": 0.0, "named": 0.0}
        with torch.no_grad():
            logits = self._finished()(torch.cat([seen for seen, _ in found]).to(self._setup.device)).cpu()
        named = float((logits.argmax(1) == origins).float().mean())
        return {"loss": float(nn.functional.cross_entropy(logits, origins)), "named": named}

    def state_dict(self) -> dict[str, Any]:
        """Head, optimiser, what was remembered, and the reader."""
        return {
            "head": self._head.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "seen": self._seen,
            "origins": self._origins,
            "reader": {"config": dict(self._bundle.config), "weights": dict(self._bundle.weights)},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        self._start(Bundle(kind="diagnosis", classes=tuple(LESION_CLASSES), **state["reader"]))
        self._head.load_state_dict(state["head"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._seen, self._origins = state["seen"], state["origins"]

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The reader with its head of origins."""
        return with_origins(self._bundle, self._finished(), card=card)

    def _scale(self) -> tuple[Tensor, Tensor]:
        """Mean and spread of what is remembered, of each channel."""
        return self._seen.mean(0), self._seen.std(0, correction=0).clamp(min=1e-6)

    def _finished(self) -> nn.Linear:
        """The head as it reads the map itself, not its standardised channels."""
        head = nn.Linear(self._head.in_features, self._head.out_features)
        with torch.no_grad():
            weight, bias = self._head.weight.cpu(), self._head.bias.cpu()
            if len(self._seen):
                middle, spread = self._scale()
                weight = weight / spread
                bias = bias - weight @ middle
            head.weight.copy_(weight)
            head.bias.copy_(bias)
        return head.to(self._setup.device)

    def _metastases(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean of the shared map (N, width) over the metastases of one origin in one case, and the origins (N,)."""
        with torch.no_grad(), self._autocast():
            shared = self._reader.network.shared(scan_of(padded(batch, self._reader.config.size_multiple)))
        seen, known = [], []
        for volume, labels, origins in zip(shared, batch["labels"], batch["origins"], strict=True):
            z, y, x = labels.shape
            means = lesion_means(volume[:, :z, :y, :x], labels, len(origins)).cpu()
            own = origins.cpu()
            for origin in own[own >= 0].unique():
                seen.append(means[own == origin].mean(0))
                known.append(origin)
        width = self._reader.config.embedding
        return torch.stack(seen) if seen else torch.zeros(0, width), torch.tensor(
            [int(one) for one in known], dtype=torch.int64
        )

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self._setup.device.type, torch.bfloat16, enabled=self._config.bfloat16)
