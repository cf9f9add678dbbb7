"""Stage 1b of GALS-CE as a task: the generator, taught by what an encoder of enhanced scans sees."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ...base.errors import BundleError
from ...base.log import logger
from ...bundle.bundle import Bundle
from ...synthesis.generators.galsce import FAMILY
from ...synthesis.image import Wanted
from ...synthesis.network import Scanned
from ...synthesis.networks.galsce import Disentangler, Encoder, EncoderCritic, GalsceConfig, to_hu
from ...synthesis.networks.galsce_generator import ENHANCED, SLAB, GalsceGenerator
from ...synthesis.scores import Tally
from ...synthesis.trained_for import TrainedFor
from ..optim import poly_lr, set_lr
from ..task import Batch, Progress, Setup, Stateful, gather_state, restore_state
from .galsce_1a import KIND as PRETRAINED
from .galsce_1a import POWER, descend, pair_of, says, weighed_l1
from .image_samples import check_data

SCALE_WEIGHTS = (1.0, 1 / 4, 1 / 8, 1 / 16)
"""Of the features, finest first."""
_FOLLOW = 0.02
"""How fast the doubt follows the error of training."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalsceTaskConfig:
    """Network, data and losses.

    Raises:
        ConfigError: for crops or phases that cannot be.
    """

    network: GalsceConfig = field(default_factory=GalsceConfig)
    crop_zyx: tuple[int, int, int] = (SLAB, 64, 64)
    validation_crop_zyx: tuple[int, int, int] = (48, 64, 64)
    inputs: tuple[str, ...] = ("NC",)
    targets: tuple[str, ...] = tuple(str(p) for p in ENHANCED)
    """``--set targets=AP`` gives one model per phase, as published."""
    image_weight: float = 20.0
    liver_weight: float = 0.8
    identity_weight: float = 5.0
    feature_weight: float = 10.0
    lr: float = 2e-4

    def __post_init__(self) -> None:
        check_data((self.crop_zyx, self.validation_crop_zyx), 8, self.inputs, self.targets)


class GalsceTask:
    """Adversarial training from the pretrained encoder and decoder; the encoder that the features come from is frozen.

    Without ``--from`` everything starts at random, which is another method than the published one; the log says so.
    """

    def __init__(self, config: GalsceTaskConfig, setup: Setup) -> None:
        self.config = config
        self.network = GalsceGenerator(config.network).to(setup.device)
        self.critic = EncoderCritic(config.network).to(setup.device)
        self.teacher = Encoder(config.network).to(setup.device).requires_grad_(False)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=config.lr, betas=(0.5, 0.999))
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=config.lr, betas=(0.5, 0.999))
        self.pretrained = False

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """The critic's, then the generator's step."""
        if progress.step == 0 and not self.pretrained:
            _log.warning("galsce starts from random weights; give --from the model of galsce_1a for the method")
        lr = poly_lr(self.config.lr, progress, power=POWER)
        set_lr(self.optimizer, lr)
        set_lr(self.critic_optimizer, lr)
        plain, enhanced = pair_of(batch)
        number = batch["target"] - 1
        made = self.network(plain, number)
        judged = 0.5 * (says(self.critic(enhanced), True) + says(self.critic(made.detach()), False))
        descend(self.critic_optimizer, self.critic, judged)
        terms = self._terms(made, enhanced, number, batch["liver"])
        if descend(self.optimizer, self.network, terms["loss"]):
            self._follow(made, batch)
        return {name: float(value.detach()) for name, value in {**terms, "critic": judged}.items()}

    @torch.no_grad()
    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Absolute error in liver and lesions of whole volumes, slabs averaged, as it is used."""
        self.network.eval()
        tally = Tally()
        for batch in batches:
            scanned = Scanned(batch["hu"], batch["scanned"], batch["given_s"])
            made = self.network.image(scanned, Wanted(batch["target"], batch["target_s"]))
            tally.add(made.hu, batch["truth_hu"], batch)
        self.network.train()
        return tally.figures()

    def state_dict(self) -> dict[str, Any]:
        """Networks, the frozen teacher among them, and optimizers."""
        return {**gather_state(self._parts()), "pretrained": self.pretrained}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        self.pretrained = bool(state["pretrained"])
        restore_state(self._parts(), {name: part for name, part in state.items() if name != "pretrained"})

    def start_from(self, bundle: Bundle) -> None:
        """From the disentanglement pretraining: generator, critic and teacher; or from an earlier training of this.

        Raises:
            BundleError: for any other bundle, or other sizes.
        """
        if bundle.kind == "synthesis":
            FAMILY.unpack(bundle)
            bundle.load_into(self.network)
            return
        if bundle.kind != PRETRAINED:
            raise BundleError(
                f"galsce starts from a bundle of galsce_1a, not of kind '{bundle.kind}'. "
                "Train it first: hepaphase train galsce_1a COHORT OUT."
            )
        whole = Disentangler(self.config.network)
        bundle.load_into(whole)
        encoder, decoder = whole.encode_enhanced.state_dict(), whole.decode_enhanced.state_dict()
        self.network.decoder.load_state_dict(decoder)
        for one in (self.network.encoder, self.critic.encoder, self.teacher):
            one.load_state_dict(encoder)
        self.pretrained = True

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The generator."""
        weights = {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}
        trained = TrainedFor(inputs=self.config.inputs, targets=self.config.targets)
        return FAMILY.pack(self.config.network, trained, weights, dict(card))

    def _terms(self, made: Tensor, enhanced: Tensor, number: Tensor, liver: Tensor) -> dict[str, Tensor]:
        """Every term against the enhanced scan: the direction is from without to with contrast agent."""
        config = self.config
        same = self.network(enhanced, number)  # an enhanced scan is to stay as it is
        terms = {
            "fooled": says(self.critic(made), True),
            "image": weighed_l1(made, enhanced, liver, liver_weight=config.liver_weight),
            "identity": (same - enhanced).abs().mean(),
            "features": feature_loss(self.teacher, made, enhanced),
        }
        loss = terms["fooled"] + config.image_weight * terms["image"]
        loss = loss + config.identity_weight * terms["identity"] + config.feature_weight * terms["features"]
        return {"loss": loss, **terms}

    @torch.no_grad()
    def _follow(self, made: Tensor, batch: Batch) -> None:
        """The doubt of each phase follows the root mean square error in the liver."""
        error = to_hu(made)[:, 0] - batch["truth_hu"]
        for place, number in enumerate((batch["target"] - 1).tolist()):
            inside = batch["liver"][place] > 0
            if bool(inside.any()):
                spread = error[place][inside].square().mean().sqrt().clamp(max=150)
                self.network.sd_hu[number] += _FOLLOW * (spread - self.network.sd_hu[number])

    def _parts(self) -> dict[str, Stateful]:
        return {
            "network": self.network,
            "critic": self.critic,
            "teacher": self.teacher,
            "optimizer": self.optimizer,
            "critic_optimizer": self.critic_optimizer,
        }


def feature_loss(teacher: Encoder, made: Tensor, enhanced: Tensor) -> Tensor:
    """Knowledge of the contrast agent: distance of what the frozen encoder sees in both, at four scales."""
    seen, wanted = teacher(made), teacher(enhanced)
    pairs = zip(SCALE_WEIGHTS, seen.scales, wanted.scales, strict=True)
    return torch.stack([weight * (a - b).abs().mean() for weight, a, b in pairs]).sum()
