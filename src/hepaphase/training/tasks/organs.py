"""Train the organ network from label maps: each example is painted anew, so no contrast is seen twice."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ...base.errors import ConfigError
from ...bundle.bundle import Bundle
from ...organs.network import NetworkConfig, OrganNetwork
from ...organs.segment import KIND
from ...organs.table import CLASSES, class_of_label
from ...phantom.label_maps import read_label_map
from ...phantom.torso import SPACING_MM
from ...phantom.views import random_view
from ..cohort import Cohort
from ..data import Sample
from ..optim import Ema, cosine_lr, set_lr
from ..task import Batch, Progress, Setup, gather_state, restore_state

_FINER = 2
"""Views are painted this much finer than the network sees, so that edges are soft."""
_LIVER = CLASSES.index("liver")
_LARGEST_NORM = 5.0
_SMOOTH_VOXELS = 50.0
"""Added to both sides of the Dice loss, so that an organ outside the view costs nothing when nothing is found."""


@dataclass(frozen=True, kw_only=True)
class OrgansConfig:
    """How the organ network is trained.

    Raises:
        ConfigError: for a view that the network cannot halve often enough, or rates that cannot be.
    """

    network: NetworkConfig = field(default_factory=NetworkConfig)
    shape_zyx: tuple[int, int, int] = (40, 56, 64)
    """Of one view, in voxels of the network."""
    learning_rate: float = 2e-3
    warmup_steps: int = 50
    weight_decay: float = 1e-4
    liver_weight: float = 4.0
    """Of the liver in the Dice loss, against one of each other class."""
    averaging: float = 0.99
    """Decay of the running average of the weights, which is what is kept."""
    bfloat16: bool = True
    """Convolutions in bfloat16; halves the time on a recent CPU."""

    def __post_init__(self) -> None:
        if any(n % self.network.multiple for n in self.shape_zyx):
            raise ConfigError(f"shape_zyx must be multiples of {self.network.multiple}, got {self.shape_zyx}.")
        if self.network.spacing_mm != _FINER * SPACING_MM:
            raise ConfigError(f"The label maps give {_FINER * SPACING_MM} mm voxels, got {self.network.spacing_mm}.")
        if self.learning_rate <= 0 or not 0 <= self.averaging < 1:
            raise ConfigError(f"Rates cannot be {self.learning_rate} (learning) and {self.averaging} (averaging).")


class ViewSamples:
    """Painted views of the label maps of a cohort; maps are kept in memory once read."""

    def __init__(self, cohort: Cohort, config: OrgansConfig, *, training: bool) -> None:
        del training  # validation views are painted the same way, of other maps
        self.files = cohort.files
        self.shape_zyx = config.shape_zyx
        self._maps: dict[Path, npt.NDArray[np.uint8]] = {}

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """``hu`` (Z, Y, X) and ``share`` (C, Z, Y, X), the share of each class in each voxel, in eighths, uint8."""
        path = self.files[index]
        if path not in self._maps:
            self._maps[path] = read_label_map(path)
        z, y, x = (_FINER * n for n in self.shape_zyx)
        view = random_view(self._maps[path], rng, shape_zyx=(z, y, x))
        classes = class_of_label()[view.labels]
        share = np.stack([_sum_blocks((classes == k).view(np.uint8)) for k in range(len(CLASSES))])
        return {"hu": (_sum_blocks(view.hu) / _FINER**3).astype(np.float32), "share": share}


class OrgansTask:
    """One network, one optimiser, one average."""

    def __init__(self, config: OrgansConfig, setup: Setup) -> None:
        self.config = config
        self.setup = setup
        self.network = OrganNetwork(config.network).to(setup.device)
        self.average = Ema(self.network, decay=config.averaging)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """Forward, backward, update, average."""
        lr = self.config.learning_rate
        set_lr(self.optimizer, cosine_lr(lr, progress, final=0.005 * lr, warmup=self.config.warmup_steps))
        loss, liver_dice = self._loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), _LARGEST_NORM)
        if bool(torch.isfinite(norm)):  # bfloat16 weight gradients of tiny volumes are not always finite
            self.optimizer.step()
        self.average.update()
        return {"loss": float(loss.detach()), "liver_dice": liver_dice}

    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Loss and liver Dice of the averaged network."""
        with torch.no_grad(), self.average.applied():
            results = [self._loss(batch) for batch in batches]
        losses, dices = zip(*results, strict=True)
        return {"loss": float(torch.stack(losses).mean()), "liver_dice": float(np.mean(dices))}

    def state_dict(self) -> dict[str, Any]:
        """Network, average and optimiser."""
        return gather_state(self._parts())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        restore_state(self._parts(), state)

    def start_from(self, bundle: Bundle) -> None:
        """Take over the weights of an earlier training.

        Raises:
            BundleError: when they do not fit.
        """
        bundle.check_classes(CLASSES)
        bundle.load_into(self.network)
        self.average.restart()

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The averaged network."""
        weights = {name: tensor.detach().cpu().clone() for name, tensor in self.average.weights.items()}
        return Bundle(kind=KIND, config=asdict(self.config.network), classes=CLASSES, weights=weights, card=card)

    def _parts(self) -> dict[str, Any]:
        return {"network": self.network, "average": self.average, "optimizer": self.optimizer}

    def _loss(self, batch: Batch) -> tuple[Tensor, float]:
        share = batch["share"].float() / _FINER**3
        with torch.autocast(self.setup.device.type, torch.bfloat16, enabled=self.config.bfloat16):
            logits = self.network(batch["hu"])
        dice_C, entropy = _dice(logits.float(), share)
        weight_C = torch.ones_like(dice_C)
        weight_C[_LIVER] = self.config.liver_weight
        return entropy + ((1 - dice_C) * weight_C).sum() / weight_C.sum(), float(dice_C[_LIVER].detach())


def make_samples(cohort: Cohort, config: OrgansConfig, *, training: bool) -> ViewSamples:
    """Samples for the loop."""
    return ViewSamples(cohort, config, training=training)


def _dice(logits: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Soft Dice of each class (C,) and cross-entropy, both against soft labels (B, C, Z, Y, X)."""
    logs = logits.log_softmax(dim=1)
    likely = logs.exp()
    axes = (0, 2, 3, 4)
    overlap = (likely * share).sum(dim=axes)
    total = (likely.square() + share.square()).sum(dim=axes)
    return (2 * overlap + _SMOOTH_VOXELS) / (total + _SMOOTH_VOXELS), -(logs * share).sum(dim=1).mean()


def _sum_blocks(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sums over 2 x 2 x 2 voxels."""
    for axis in (2, 1, 0):
        even: tuple[slice, ...] = (slice(None),) * axis
        array = array[(*even, slice(None, None, 2))] + array[(*even, slice(1, None, 2))]
    return array
