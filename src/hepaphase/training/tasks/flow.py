"""The wavelet flow as a task."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from ...bundle.bundle import Bundle
from ...study.phase import Phase
from ...synthesis.generators.flow import FAMILY
from ...synthesis.image import Wanted
from ...synthesis.network import Scanned
from ...synthesis.networks.flow import FlowConfig, FlowNetwork
from ...synthesis.scores import Tally
from ...synthesis.trained_for import TrainedFor
from ..optim import Ema, cosine_lr, half_where_fast, set_lr
from ..task import Batch, Progress, Setup, Stateful, gather_state, restore_state
from .galsce_1a import descend
from .image import voxel_weights
from .image_samples import check_data


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTaskConfig:
    """Network, data and optimizer.

    Raises:
        ConfigError: for crops or phases that cannot be.
    """

    network: FlowConfig = field(default_factory=FlowConfig)
    crop_zyx: tuple[int, int, int] = (48, 64, 64)
    """The whole volume around the liver: there are no patches."""
    validation_crop_zyx: tuple[int, int, int] = (48, 64, 64)
    inputs: tuple[str, ...] = ()
    targets: tuple[str, ...] = tuple(str(p) for p in Phase)
    body_hu: float = -500.0
    liver_weight: float = 3.0
    lesion_weight: float = 12.0
    lr: float = 1e-3
    average_decay: float = 0.998
    bfloat16: bool = False
    """Convolutions in bfloat16 on the CPU, at twice the speed; for crops of 48 voxels and more."""

    def __post_init__(self) -> None:
        check_data((self.crop_zyx, self.validation_crop_zyx), FlowNetwork.multiple, self.inputs, self.targets)


class FlowTask:
    """Learns the velocity; validation takes whole paths."""

    def __init__(self, config: FlowTaskConfig, setup: Setup) -> None:
        self.config, self.setup = config, setup
        self.network = FlowNetwork(config.network).to(setup.device)
        self.average = Ema(self.network, decay=config.average_decay)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=config.lr, betas=(0.9, 0.99))
        self._parts: dict[str, Stateful] = {
            "network": self.network,
            "average": self.average,
            "optimizer": self.optimizer,
        }

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """One step; left out when a gradient is not finite."""
        set_lr(self.optimizer, cosine_lr(self.config.lr, progress, final=0.02 * self.config.lr, warmup=50))
        scanned, wanted = _asked(batch)
        with half_where_fast(self.setup.device, amp=self.setup.amp, cpu=self.config.bfloat16):
            loss = self.network.loss(scanned, wanted, batch["truth_hu"], voxel_weights(batch, scanned, self.config))
        if descend(self.optimizer, self.network, loss):
            self.average.update()
        return {"loss": float(loss.detach())}

    @torch.no_grad()
    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Absolute error in liver and lesions of the median sample of the averaged weights."""
        tally = Tally()
        with self.average.applied():
            for batch in batches:
                tally.add(self.network.image(*_asked(batch)).hu, batch["truth_hu"], batch)
        return tally.figures()

    def state_dict(self) -> dict[str, Any]:
        """Weights, their average and the optimizer."""
        return gather_state(self._parts)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        restore_state(self._parts, state)

    def start_from(self, bundle: Bundle) -> None:
        """Take the weights of an earlier training of the flow."""
        FAMILY.unpack(bundle)
        bundle.load_into(self.network)
        self.average.restart()

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The network with its averaged weights."""
        weights = {name: tensor.detach().clone() for name, tensor in self.average.weights.items()}
        trained = TrainedFor(inputs=self.config.inputs, targets=self.config.targets)
        return FAMILY.pack(self.config.network, trained, weights, dict(card))


def _asked(batch: Batch) -> tuple[Scanned, Wanted]:
    return Scanned(batch["hu"], batch["scanned"], batch["given_s"]), Wanted(batch["target"], batch["target_s"])
