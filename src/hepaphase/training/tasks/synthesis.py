"""Stage I as a task: random subsets of phases in, noise-free curves out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from ...base.errors import ConfigError
from ...bundle.bundle import Bundle
from ...study.phase import REFERENCE_ORDER, Phase
from ...synthesis.generators.kinetic import pack_bundle
from ...synthesis.losses import LossWeights, all_finite, curve_loss
from ...synthesis.network import KineticNetwork, NetworkConfig, Scanned, grown
from ...synthesis.scores import Tally, carried
from ..optim import Ema, cosine_lr, set_lr
from ..task import Batch, Progress, Setup, Stateful, gather_state, restore_state

SUBSETS = tuple(subset for size in range(1, 5) for subset in combinations(Phase, size))
"""Every non-empty set of phases, smaller ones first."""
VALIDATED = ((Phase.NC,), (Phase.PVP,), (Phase.NC, Phase.PVP))
"""Inputs that validation during training looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisConfig:
    """Network, data and optimizer.

    Raises:
        ConfigError: for sizes the network cannot take, or no voxel to learn from.
    """

    network: NetworkConfig = field(default_factory=NetworkConfig)
    weights: LossWeights = field(default_factory=LossWeights)
    crop_zyx: tuple[int, int, int] = (32, 48, 48)
    """Voxels of 4 mm seen at once in training, around a voxel of the liver."""
    validation_crop_zyx: tuple[int, int, int] = (48, 64, 64)
    num_voxels: int = 4096
    """Per crop, at which curves are computed and compared; liver and lesions are drawn more often."""
    unknown_time_share: float = 0.15
    """Exams whose input times the network is not told; it gets the typical ones instead."""
    untold_share: float = 0.25
    """Exams of which the network is told nothing beside the scan; of as many again it is told a part."""
    unmasked_share: float = 0.2
    """Exams whose liver mask the network's numbers of the whole study do without."""
    present_weight: float = 0.25
    """Of phases that are among the inputs, against 1 for missing ones."""
    lr: float = 2e-3
    warmup_steps: int = 100
    weight_decay: float = 0.01
    average_decay: float = 0.995
    """Of the running average of the weights, which is what is kept."""

    def __post_init__(self) -> None:
        if any(size % 8 for size in (*self.crop_zyx, *self.validation_crop_zyx)):
            raise ConfigError(f"Crops must be multiples of 8 voxels, got {self.crop_zyx}, {self.validation_crop_zyx}.")
        if self.num_voxels < 1:
            raise ConfigError(f"num_voxels must be at least 1, got {self.num_voxels}.")


class SynthesisTask:
    """Trains the kinetic network; convolutions run in bfloat16, the tissue model in single precision."""

    def __init__(self, config: SynthesisConfig, setup: Setup) -> None:
        self.config, self.setup = config, setup
        self.network = KineticNetwork(config.network).to(setup.device)
        self.average = Ema(self.network, decay=config.average_decay)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.lr, betas=(0.9, 0.99), weight_decay=config.weight_decay
        )
        self.skipped = 0

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """One step; skipped, and counted, when a gradient is not finite."""
        config = self.config
        set_lr(self.optimizer, cosine_lr(config.lr, progress, final=0.02 * config.lr, warmup=config.warmup_steps))
        scanned = _scanned(batch)
        self.network.note_trained(batch["known"], batch["time_s"])
        self.optimizer.zero_grad(set_to_none=True)
        curves = self.network.curves(self._features(scanned), scanned, batch["voxels"])
        weight = batch["known"] * torch.where(batch["scanned"], config.present_weight, 1.0)
        terms = curve_loss(
            self.network.at(curves, batch["time_s"]), batch["truth_hu"], weight, config.weights, batch["plain"]
        )
        terms["loss"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if all_finite(self.network):
            self.optimizer.step()
            self.average.update()
        else:
            self.skipped += 1
        return {name: float(value.detach()) for name, value in terms.items()} | {"skipped": float(self.skipped)}

    @torch.no_grad()
    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Absolute error against the truth in liver and lesions, of the averaged weights and of carrying over."""
        tally, baseline = Tally(), Tally()
        with self.average.applied():
            for batch in batches:
                self._validate_one(batch, tally, baseline)
        figures = {f"carry_{name}": value for name, value in baseline.figures().items()}
        return tally.figures() | figures

    def _validate_one(self, batch: Batch, tally: Tally, baseline: Tally) -> None:
        for subset in VALIDATED:
            scanned = _with_subset(batch, subset)
            if scanned is None:
                continue
            curves = self.network.curves(self._features(scanned), scanned, None)
            for number, phase in enumerate(Phase):
                if phase in subset or not bool(batch["known"][:, number].all()):
                    continue
                predicted = self.network.at(curves, batch["time_s"][:, number : number + 1])
                truth = batch["truth_hu"][:, number]
                tally.add(predicted.hu.reshape(truth.shape), truth, batch)
                baseline.add(carried(scanned.hu, subset, batch["time_s"], number), truth, batch)

    def _features(self, scanned: Scanned) -> tuple[Tensor, Tensor]:
        with torch.autocast(self.setup.device.type, torch.bfloat16):
            return self.network.features(scanned)

    def state_dict(self) -> dict[str, Any]:
        """Weights, their average, the optimizer, and how many steps were skipped."""
        return {**gather_state(self._parts()), "skipped": self.skipped}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        self.skipped = int(state["skipped"])
        restore_state(self._parts(), {name: part for name, part in state.items() if name != "skipped"})

    def start_from(self, bundle: Bundle) -> None:
        """Take the weights of an earlier training; the averages start there too."""
        replace(bundle, weights=grown(bundle.weights, self.network)).load_into(self.network)
        self.average.restart()

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The network with its averaged weights."""
        with self.average.applied():
            weights = {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}
        return pack_bundle(self.config.network, weights, dict(card))

    def _parts(self) -> dict[str, Stateful]:
        return {"network": self.network, "average": self.average, "optimizer": self.optimizer}


def _scanned(batch: Batch) -> Scanned:
    present = batch["scanned"]
    mask = present[:, :, None, None, None]
    levels = (batch["levels"] * present[:, :, None]).flatten(1)
    return Scanned(batch["hu"] * mask, present, batch["given_s"] * present, batch["facts"], levels, batch["places"])


def _with_subset(batch: Batch, subset: tuple[Phase, ...]) -> Scanned | None:
    """The batch with ``subset`` as its inputs, or None when a case lacks one of them."""
    wanted = torch.tensor([p in subset for p in Phase], device=batch["known"].device)
    if not bool((batch["known"] | ~wanted).all()):
        return None
    present: Tensor = wanted.expand_as(batch["known"])
    reference = list(Phase).index(next(p for p in REFERENCE_ORDER if p in subset))
    hu = batch["hu"].clone()
    levels = batch["levels"].clone()
    hu[:, reference] = batch["still_hu"][:, reference]
    levels[:, reference] = batch["still_levels"][:, reference]
    return _scanned({**batch, "hu": hu, "levels": levels, "scanned": present})
