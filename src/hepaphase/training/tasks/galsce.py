"""Train GALS-CE's classifier: one expert, then the other, then their late fusion with both frozen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from ...base.errors import ConfigError
from ...bundle.bundle import Bundle
from ...diagnosis.galsce.classify import KIND
from ...diagnosis.galsce.losses import balanced_focal, flood
from ...diagnosis.galsce.network import Galsce, GalsceConfig
from ...diagnosis.galsce.scheme import scheme
from ..liver_boxes import BoxConfig
from ..optim import Precision, half_where_fast, set_lr
from ..task import Batch, Progress, Setup, Stateful, gather_state, restore_state

Stage = Literal["first", "second", "outputs"]
STAGES: tuple[Stage, ...] = ("first", "second", "outputs")


@dataclass(frozen=True, slots=True, kw_only=True)
class GalsceTaskConfig:
    """Settings; class-balanced focal loss (0.999, 2), flooding at 0.2, AdamW at 2e-4 with decay 5e-5 are GALS-CE's.

    Raises:
        ConfigError: for shares of the steps that do not leave some for the fusion.
    """

    network: GalsceConfig = field(default_factory=GalsceConfig)
    box: BoxConfig = field(default_factory=BoxConfig)
    lr: float = 2e-4
    weight_decay: float = 5e-5
    drops: tuple[float, float] = (0.6, 0.9)
    """Parts of a stage after which the rate falls to a tenth."""
    beta: float = 0.999
    gamma: float = 2.0
    flooding: float = 0.2
    expert_share: float = 0.4
    """Of all steps, for each expert; what is left is the fusion's (our choice)."""
    max_norm: float = 12.0
    """Gradients are clipped to this norm together (our choice)."""
    bfloat16: bool = False
    """Convolutions in bfloat16 on the CPU; weights and losses stay single."""

    def __post_init__(self) -> None:
        if not 0 < self.expert_share < 0.5 or self.flooding < 0 or not 0 <= self.beta < 1:
            raise ConfigError(f"Need expert_share in (0, 0.5), flooding >= 0 and beta in [0, 1), got {self}.")


class GalsceTask:
    """See the module."""

    def __init__(self, config: GalsceTaskConfig, setup: Setup) -> None:
        self._config, self._setup = config, setup
        self._network = Galsce(config.network).to(setup.device)
        self._optimizer = torch.optim.AdamW(self._network.parameters(), weight_decay=config.weight_decay)
        self._precision = Precision(setup.device, amp=setup.amp)
        self._parts: dict[str, Stateful] = {
            "network": self._network,
            "optimizer": self._optimizer,
            "precision": self._precision,
        }

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """One step of the stage that is on; weights of the other stages have no gradient and stay."""
        stage, done = stage_of(progress.fraction, self._config.expert_share)
        set_lr(self._optimizer, self._config.lr * 0.1 ** sum(done >= drop for drop in self._config.drops))
        with half_where_fast(self._setup.device, amp=self._setup.amp, cpu=self._config.bfloat16):
            logits = self._logits(batch, stage)
        loss = self._loss(logits, batch, stage)
        flooded = flood(loss, self._config.flooding)
        norm = self._precision.step(flooded, self._optimizer, max_norm=self._config.max_norm)
        figures = {"loss": float(flooded.detach()), f"{stage}_loss": float(loss.detach()), "gradient_norm": norm}
        return {**figures, "stage": float(STAGES.index(stage))}

    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Share of patients named right by each expert and by the whole, of those who have an answer."""
        right: dict[str, list[bool]] = {stage: [] for stage in STAGES}
        self._network.eval()
        with torch.no_grad():
            for batch in batches:
                for column, stage in enumerate(STAGES):
                    wanted = batch["labels"][:, column]
                    said = self._logits(batch, stage).argmax(1)
                    right[stage] += (said == wanted)[wanted >= 0].tolist()
        self._network.train()
        return {f"{stage}_accuracy": sum(hits) / max(1, len(hits)) for stage, hits in right.items()}

    def state_dict(self) -> dict[str, Any]:
        """All parts."""
        return gather_state(self._parts)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        restore_state(self._parts, state)

    def start_from(self, bundle: Bundle) -> None:
        """Take over the network; its outputs must be ours."""
        bundle.check_classes(scheme(self._config.network.scheme).outputs)
        bundle.load_into(self._network)

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The network with its settings."""
        return Bundle(
            kind=KIND,
            config={"network": self._config.network.to_dict(), "box_zyx": self._config.box.shape_zyx},
            classes=scheme(self._config.network.scheme).outputs,
            weights={name: value.detach() for name, value in self._network.state_dict().items()},
            card=card,
        )

    def _logits(self, batch: Batch, stage: Stage) -> Tensor:
        network = self._network
        logits: Tensor
        if stage == "outputs":
            logits = network(batch["x"], batch["present"], batch["clinical"])
            return logits.float()
        expert = network.first if stage == "first" else network.second
        logits = expert(batch["x"], batch["present"], network.read(batch["clinical"]))[1]
        return logits.float()

    def _loss(self, logits: Tensor, batch: Batch, stage: Stage) -> Tensor:
        wanted, known = batch["labels"][:, STAGES.index(stage)], batch[f"counts_{stage}"][0]
        return balanced_focal(logits, wanted, known, beta=self._config.beta, gamma=self._config.gamma)


def stage_of(fraction: float, expert_share: float) -> tuple[Stage, float]:
    """The stage that is on after ``fraction`` of all steps, and how much of it is done."""
    if fraction < 2 * expert_share:
        return STAGES[int(fraction >= expert_share)], (fraction % expert_share) / expert_share
    return "outputs", (fraction - 2 * expert_share) / (1 - 2 * expert_share)
