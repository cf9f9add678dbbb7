"""Image generators as a task: absolute error, doubt, and where asked a critic with its own optimizer."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...base.errors import ConfigError
from ...bundle.bundle import Bundle
from ...study.phase import Phase
from ...synthesis.image import SCALE_HU, Family, Image, Wanted
from ...synthesis.losses import all_finite
from ...synthesis.network import Scanned
from ...synthesis.networks.film import PatchCritic
from ...synthesis.physics_loss import Asked, physics_terms
from ...synthesis.scores import Tally
from ...synthesis.trained_for import TrainedFor
from ..optim import Ema, cosine_lr, half_where_fast, poly_lr, set_lr
from ..task import Batch, Progress, Setup, Stateful, gather_state, restore_state
from .image_samples import check_data

_ALL = tuple(str(p) for p in Phase)
_LARGEST_ERROR = 100.0
"""HU; errors above teach the standard deviation no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """Network, data and optimizers of one image generator.

    Raises:
        ConfigError: for crops, phases or weights that cannot be.
    """

    network: Any
    """The family's own configuration."""
    crop_zyx: tuple[int, int, int] = (32, 48, 48)
    """Voxels of 4 mm seen at once in training."""
    validation_crop_zyx: tuple[int, int, int] = (48, 64, 64)
    multiple: int = 8
    """Of voxels along each axis, as the network asks."""
    inputs: tuple[str, ...] = ()
    """The phases shown; empty for any subset."""
    targets: tuple[str, ...] = _ALL
    body_hu: float = -500.0
    """Voxels darker than this in truth and input alike do not count (nnU-Net's mask of the body, our threshold)."""
    liver_weight: float = 3.0
    lesion_weight: float = 12.0
    """Of voxels in the liver and in lesions against others, as for the kinetic generator."""
    adversarial: float = 0.0
    """Weight of the critic's opinion against ``error``; 0 for no critic."""
    error: float = 1.0
    """Weight of the absolute error, in units of the shown HU."""
    likelihood: float = 0.02
    physics: float = 0.0
    """Weight of what no exam can show (``synthesis.physics_loss``) against ``error``, both in units of the shown HU."""
    optimizer: Literal["adamw", "sgd", "gan"] = "adamw"
    """``adamw`` with a cosine; ``sgd`` as nnU-Net (momentum 0.99, poly 0.9); ``gan``: Adam (0.5, 0.999)."""
    lr: float = 2e-3
    average_decay: float = 0.995
    bfloat16: bool = False
    """Convolutions in bfloat16 on the CPU, at twice the speed; for crops that stay three voxels deep throughout."""

    def __post_init__(self) -> None:
        check_data((self.crop_zyx, self.validation_crop_zyx), self.multiple, self.inputs, self.targets)
        if min(self.adversarial, self.physics) < 0 or self.error <= 0:
            raise ConfigError(
                "error must be positive, adversarial and physics not negative; "
                f"got {self.error}, {self.adversarial}, {self.physics}."
            )


class Weighing(Protocol):
    """The part of a configuration that says how much a voxel counts."""

    @property
    def body_hu(self) -> float: ...  # noqa: D102

    @property
    def liver_weight(self) -> float: ...  # noqa: D102

    @property
    def lesion_weight(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class BuildImage:
    """Makes the task of one family of generators; what a recipe gives as ``build``."""

    family: Family

    def __call__(self, config: ImageConfig, setup: Setup) -> "ImageTask":
        """The task."""
        return ImageTask(self.family, config, setup)


@dataclass(slots=True)
class _Critic:
    """A discriminator and its optimizer."""

    network: PatchCritic = field(default_factory=PatchCritic)

    def judge(self, made: Tensor, truth: Tensor, scanned: Scanned, wanted: Wanted) -> Tensor:
        """Loss of the discriminator: cross-entropy of true and made patches, halved (Isola et al. 2017)."""
        real = self.network(truth, scanned, wanted)
        fake = self.network(made.detach(), scanned, wanted)
        return 0.5 * (_says(real, True) + _says(fake, False))


class ImageTask:
    """Trains a network that makes an image; with a critic the step is two: the critic's, then the generator's."""

    def __init__(self, family: Family, config: ImageConfig, setup: Setup) -> None:
        self.family, self.config, self.setup = family, config, setup
        self.network: Any = family.build(config.network).to(setup.device)
        self.average = Ema(self.network, decay=config.average_decay)
        self.optimizer = _optimizer(config, self.network)
        self._parts: dict[str, Stateful] = {
            "network": self.network,
            "average": self.average,
            "optimizer": self.optimizer,
        }
        self.critic: _Critic | None = None
        if config.adversarial:
            self.critic = _Critic(PatchCritic().to(setup.device))
            self.critic_optimizer = _optimizer(config, self.critic.network)
            self._parts |= {"critic": self.critic.network, "critic_optimizer": self.critic_optimizer}

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """One step of each optimizer; one whose gradient is not finite is left out."""
        rate = poly_lr if self.config.optimizer == "sgd" else cosine_lr
        lr = rate(self.config.lr, progress)
        scanned, wanted = _asked(batch)
        with self._half():
            made = self.network.image(scanned, wanted)
        figures: dict[str, Tensor] = {}
        if self.critic is not None:
            set_lr(self.critic_optimizer, lr)
            with self._half():
                figures["critic"] = self.critic.judge(made.hu, batch["truth_hu"], scanned, wanted)
            _descend(self.critic_optimizer, self.critic.network, figures["critic"])
        set_lr(self.optimizer, lr)
        figures |= self._losses(made, batch, scanned, wanted)
        if _descend(self.optimizer, self.network, figures["loss"]):
            self.average.update()
        return {name: float(value.detach()) for name, value in figures.items()}

    @torch.no_grad()
    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Absolute error in liver and lesions, of the averaged weights and of the nearest scanned phase."""
        from ...synthesis.image import nearest_hu

        tally, baseline = Tally(), Tally()
        self.network.eval()
        with self.average.applied():
            for batch in batches:
                scanned, wanted = _asked(batch)
                tally.add(self.network.image(scanned, wanted).hu, batch["truth_hu"], batch)
                baseline.add(nearest_hu(scanned, wanted), batch["truth_hu"], batch)
        self.network.train()
        return tally.figures() | {f"carry_{name}": value for name, value in baseline.figures().items()}

    def state_dict(self) -> dict[str, Any]:
        """Weights, averages and optimizers, the critic's among them."""
        return gather_state(self._parts)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        restore_state(self._parts, state)

    def start_from(self, bundle: Bundle) -> None:
        """Take the weights of an earlier training of the same generator; a critic starts anew."""
        self.family.unpack(bundle)
        bundle.load_into(self.network)
        self.average.restart()

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The generator with its averaged weights; a critic is not kept."""
        weights = {name: tensor.detach().clone() for name, tensor in self.average.weights.items()}
        trained = TrainedFor(inputs=self.config.inputs, targets=self.config.targets)
        return self.family.pack(self.config.network, trained, weights, dict(card))

    def _half(self) -> AbstractContextManager[Any]:
        return half_where_fast(self.setup.device, amp=self.setup.amp, cpu=self.config.bfloat16)

    def _losses(self, made: Image, batch: Batch, scanned: Scanned, wanted: Wanted) -> dict[str, Tensor]:
        config, truth = self.config, batch["truth_hu"]
        weight = voxel_weights(batch, scanned, config)
        error = (made.hu - truth).abs()
        seen = error.detach().clamp(max=_LARGEST_ERROR)
        likelihood = 0.5 * (seen / made.sd_hu) ** 2 + made.sd_hu.log()
        terms = {"error": (error * weight).sum() / SCALE_HU, "likelihood": (likelihood * weight).sum()}
        loss = config.error * terms["error"] + config.likelihood * terms["likelihood"]
        if config.physics:
            asked = Asked(made.hu, wanted.number, batch["liver"], batch["lesions"])
            terms["physics"] = torch.stack(list(physics_terms(asked, scanned).values())).sum() / SCALE_HU
            loss = loss + config.physics * terms["physics"]
        if self.critic is not None:
            with self._half():
                terms["fooled"] = _says(self.critic.network(made.hu, scanned, wanted), True)
            loss = loss + config.adversarial * terms["fooled"]
        return {"loss": loss, **terms}


def voxel_weights(batch: Batch, scanned: Scanned, config: Weighing) -> Tensor:
    """How much each voxel counts, (B, z, y, x); sums to one. The air around the body does not."""
    inside = (batch["truth_hu"] > config.body_hu) | (scanned.hu > config.body_hu).any(dim=1)
    weight = inside.float()
    weight = torch.where(batch["liver"] > 0, config.liver_weight, weight)
    weight = torch.where(batch["lesions"] > 0, config.lesion_weight, weight)
    return weight / weight.sum().clamp(min=1e-6)


def _asked(batch: Batch) -> tuple[Scanned, Wanted]:
    return Scanned(batch["hu"], batch["scanned"], batch["given_s"]), Wanted(batch["target"], batch["target_s"])


def _says(logits: Tensor, real: bool) -> Tensor:
    logits = logits.float()
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def _optimizer(config: ImageConfig, network: nn.Module) -> torch.optim.Optimizer:
    if config.optimizer == "sgd":
        return torch.optim.SGD(network.parameters(), lr=config.lr, momentum=0.99, nesterov=True, weight_decay=3e-5)
    if config.optimizer == "gan":
        return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(0.5, 0.999))
    return torch.optim.AdamW(network.parameters(), lr=config.lr, betas=(0.9, 0.99), weight_decay=0.01)


def _descend(optimizer: torch.optim.Optimizer, network: nn.Module, loss: Tensor) -> bool:
    """One clipped step; nothing, and false, when a gradient is not finite."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 12.0)
    if not all_finite(network):
        return False
    optimizer.step()
    return True
