"""Stage 1a of GALS-CE as a task: enhancement taken apart from what lies under it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ...bundle.bundle import Bundle
from ...study.phase import Phase
from ...synthesis.losses import all_finite
from ...synthesis.networks.galsce import Disentangler, GalsceConfig, PatchCritic, to_hu, to_level
from ...synthesis.networks.galsce_generator import ENHANCED, SLAB
from ...synthesis.scores import Tally
from ..optim import poly_lr, set_lr
from ..task import Batch, Progress, Setup, Stateful, gather_state, restore_state
from .image_samples import check_data

KIND = "galsce-pretrained"
"""Of the bundle: no generator, but what one starts from."""
POWER = 0.998
"""Their schedule: the rate times (1 - share of epochs done) to this power; here steps instead of epochs."""
SHARES = {"ll": 0.4, "hh": 1.0, "lh": 1.0, "lhh": 1.0, "art": 1.0, "art1": 1.0}
"""Of the six terms, by their published names: l is a scan with contrast agent, h one without."""
AIR_HU, BODY_HU = -1000.0, -500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainConfig:
    """Network, data and losses.

    Raises:
        ConfigError: for crops or phases that cannot be.
    """

    network: GalsceConfig = field(default_factory=GalsceConfig)
    crop_zyx: tuple[int, int, int] = (SLAB, 64, 64)
    """Their slabs are 8 x 256 x 256 of full resolution; here as many slices of 4 mm (our choice)."""
    validation_crop_zyx: tuple[int, int, int] = (48, 64, 64)
    inputs: tuple[str, ...] = ("NC",)
    targets: tuple[str, ...] = tuple(str(p) for p in ENHANCED)
    weight: float = 20.0
    """Of the six terms together, against one for each critic."""
    liver_weight: float = 0.8
    lr: float = 2e-4

    def __post_init__(self) -> None:
        check_data((self.crop_zyx, self.validation_crop_zyx), 8, self.inputs, self.targets)


class PretrainTask:
    """Trains the disentangler against two conditional critics; three optimizer steps make one."""

    def __init__(self, config: PretrainConfig, setup: Setup) -> None:
        self.config = config
        self.network = Disentangler(config.network).to(setup.device)
        self.critics = torch.nn.ModuleDict({"enhanced": PatchCritic(), "plain": PatchCritic()}).to(setup.device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=config.lr, betas=(0.5, 0.999))
        self.critic_optimizer = torch.optim.Adam(self.critics.parameters(), lr=config.lr, betas=(0.5, 0.999))

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """The critics', then the disentangler's step."""
        lr = poly_lr(self.config.lr, progress, power=POWER)
        plain, enhanced = pair_of(batch)
        paths = self.network.paths(plain, enhanced)
        set_lr(self.critic_optimizer, lr)
        set_lr(self.optimizer, lr)
        judged = self._judge(paths, plain, enhanced)
        descend(self.critic_optimizer, self.critics, judged)
        terms = pretrain_terms(paths, plain, enhanced, batch["liver"], liver_weight=self.config.liver_weight)
        fooled = says(self.critics["enhanced"](paths["plain_to_enhanced"], plain), True)
        fooled = fooled + says(self.critics["plain"](paths["enhanced_to_plain"], enhanced), True)
        weighed = torch.stack([SHARES[name] * value for name, value in terms.items()]).sum()
        loss = self.config.weight * weighed + fooled
        descend(self.optimizer, self.network, loss)
        figures = {"loss": loss, "critic": judged, "fooled": fooled, **terms}
        return {name: float(value.detach()) for name, value in figures.items()}

    @torch.no_grad()
    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Absolute error of contrast agent given to the non-contrast scan by the code of the enhanced one."""
        self.network.eval()
        tally = Tally()
        for batch in batches:
            made = to_hu(self.network.paths(*pair_of(batch))["plain_to_enhanced"])
            tally.add(made[:, 0], batch["truth_hu"], batch)
        self.network.train()
        return tally.figures()

    def state_dict(self) -> dict[str, Any]:
        """Networks and optimizers."""
        return gather_state(self._parts())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        restore_state(self._parts(), state)

    def start_from(self, bundle: Bundle) -> None:
        """Take the weights of an earlier pretraining; the critics start anew."""
        bundle.load_into(self.network)

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """Encoders and decoders."""
        weights = {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}
        return Bundle(
            kind=KIND,
            config={"network": asdict(self.config.network)},
            classes=tuple(str(p) for p in Phase),
            weights=weights,
            card=dict(card),
        )

    def _judge(self, paths: Mapping[str, Tensor], plain: Tensor, enhanced: Tensor) -> Tensor:
        pairs = (("enhanced", enhanced, paths["plain_to_enhanced"], plain),
                 ("plain", plain, paths["enhanced_to_plain"], enhanced))  # fmt: skip
        total = torch.zeros((), device=plain.device)
        for name, real, made, given in pairs:
            critic = self.critics[name]
            total = total + 0.5 * (says(critic(real, given), True) + says(critic(made.detach(), given), False))
        return total

    def _parts(self) -> dict[str, Stateful]:
        return {
            "network": self.network,
            "critics": self.critics,
            "optimizer": self.optimizer,
            "critic_optimizer": self.critic_optimizer,
        }


def pair_of(batch: Batch) -> tuple[Tensor, Tensor]:
    """The scan without and the one with contrast agent, (B, 1, z, y, x) in -1 .. 1, air outside the body."""
    plain, enhanced = batch["hu"][:, 0], batch["truth_hu"]
    body = (plain > BODY_HU) | (enhanced > BODY_HU)
    return to_level(torch.where(body, plain, AIR_HU))[:, None], to_level(torch.where(body, enhanced, AIR_HU))[:, None]


def weighed_l1(one: Tensor, other: Tensor, liver: Tensor, *, liver_weight: float) -> Tensor:
    """Mean absolute difference of images (B, 1, z, y, x), and ``liver_weight`` times that of the liver (B, z, y, x)."""
    error = (one - other).abs()
    inside = (liver > 0)[:, None].to(error.dtype)
    return error.mean() + liver_weight * (error * inside).sum() / inside.sum().clamp(min=1)


def pretrain_terms(
    paths: Mapping[str, Tensor], plain: Tensor, enhanced: Tensor, liver: Tensor, *, liver_weight: float
) -> dict[str, Tensor]:
    """The six terms by their published names; which path each compares is our reading.

    ``ll`` and ``hh`` give a scan back, ``lh`` takes the contrast agent away, ``lhh`` gives it and takes it away again,
    ``art1`` gives it; ``art`` asks that what was taken from one is what was given to the other.
    """

    def differ(one: Tensor, other: Tensor) -> Tensor:
        return weighed_l1(one, other, liver, liver_weight=liver_weight)

    return {
        "ll": differ(paths["enhanced"], enhanced),
        "hh": differ(paths["plain"], plain),
        "lh": differ(paths["enhanced_to_plain"], plain),
        "lhh": differ(paths["back_to_plain"], plain),
        "art": differ(enhanced - paths["enhanced_to_plain"], paths["plain_to_enhanced"] - plain),
        "art1": differ(paths["plain_to_enhanced"], enhanced),
    }


def says(logits: Tensor, real: bool) -> Tensor:
    """Cross-entropy of a critic's logits with one answer for all."""
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def descend(optimizer: torch.optim.Optimizer, network: torch.nn.Module, loss: Tensor) -> bool:
    """One step; nothing, and false, when a gradient is not finite."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if not all_finite(network):
        return False
    optimizer.step()
    return True
