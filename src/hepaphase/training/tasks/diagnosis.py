"""Train stage II: the mask transformer of LIDIA."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ...base.errors import ConfigError
from ...base.seeds import stream
from ...bundle.bundle import Bundle
from ...diagnosis.build import NetworkConfig, build
from ...diagnosis.checking import network_of
from ...diagnosis.contrastive import COMMON, MemoryBank, Projection, asymmetric_contrast
from ...diagnosis.criterion import Judged, LossConfig, Targets, criterion, judge
from ...diagnosis.diagnose import SPACING_MM
from ...diagnosis.mask_transformer import Prediction
from ...diagnosis.postprocess import ReadConfig
from ...diagnosis.semantic import semantic
from ...diagnosis.window import Scan
from ...study.lesions import LESION_CLASSES
from ..optim import Ema, Precision, poly_lr, set_lr
from ..patches import PatchConfig
from ..sharpness import SharpnessAware
from ..task import Batch, Progress, Setup, Stateful, gather_state, restore_state


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisConfig:
    """Settings of the task.

    Raises:
        ConfigError: for patches that the network cannot halve often enough.
    """

    network: NetworkConfig = field(default_factory=NetworkConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    patch: PatchConfig = field(default_factory=PatchConfig)
    read: ReadConfig = field(default_factory=ReadConfig)
    """Written into the bundle; changes no weight."""
    lr: float = 1e-3
    """Peak. The paper's 1e-5 is for 1000 epochs on a GPU; ours for an hour on a CPU."""
    warmup: int = 100
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    """Short memories: the first gradients are the largest, and would slow a short run for most of its length."""
    max_norm: float = 12.0
    """Gradients are clipped to this norm together (PLAN)."""
    sharpness: float = 0.0
    """Radius of sharpness-aware minimisation, which takes every step twice (LIDIA, rho not given; Foret et al. suggest
    0.05); zero leaves it out."""
    ema: float = 0.998
    """Decay of the averaged weights."""
    bfloat16: bool = True
    """Compute convolutions in bfloat16 on the CPU too, at twice the speed. Weights and losses stay single."""

    def __post_init__(self) -> None:
        if any(size % self.network.size_multiple for size in self.patch.shape_zyx):
            raise ConfigError(
                f"Patches of {self.patch.shape_zyx} voxels do not fit a network that needs multiples of "
                f"{self.network.size_multiple}. Change patch.shape_zyx."
            )
        if self.sharpness < 0:
            raise ConfigError(f"sharpness must not be negative, got {self.sharpness}.")
        if self.loss.contrast.weight and not self.network.num_queries:
            raise ConfigError("The contrastive loss needs queries; set loss.contrast.weight=0 or network.num_queries.")


class DiagnosisTask:
    """See the module. AdamW (the paper is silent; our choice), poly schedule, averaged weights."""

    def __init__(self, config: DiagnosisConfig, setup: Setup) -> None:
        self._config = config
        self._setup = setup
        self._network = build(config.network).to(setup.device)
        self._network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        contrast = config.loss.contrast
        self._projection = Projection(config.network.width, contrast).to(setup.device) if contrast.weight else None
        self._bank = MemoryBank(contrast.bank, contrast.width).to(setup.device) if contrast.weight else None
        learned = [self._network] if self._projection is None else [self._network, self._projection]
        self._optimizer = torch.optim.AdamW(
            [p for module in learned for p in module.parameters()],
            betas=config.betas,
            weight_decay=config.weight_decay,
        )
        self._sharpness = SharpnessAware(self._optimizer, radius=config.sharpness) if config.sharpness else None
        self._precision = Precision(setup.device, amp=setup.amp)
        self._ema = Ema(self._network, decay=config.ema)
        self._parts: dict[str, Stateful] = {
            "network": self._network,
            "optimizer": self._optimizer,
            "precision": self._precision,
            "ema": self._ema,
        }
        if self._projection is not None and self._bank is not None:
            self._parts |= {"projection": self._projection, "bank": self._bank}

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """Forward, matching, losses, one step of the optimiser; all but the last twice where sharpness is minimised."""
        set_lr(self._optimizer, poly_lr(self._config.lr, progress, warmup=self._config.warmup))
        terms, lesions = self._terms(batch, progress)
        self._precision.backward(terms["loss"], self._optimizer)
        if self._sharpness is not None:
            self._sharpness.climb()
            worst, _ = self._terms(batch, progress)
            self._precision.backward(worst["loss"], self._optimizer)
            self._sharpness.back()
        norm = self._precision.apply(self._optimizer, max_norm=self._config.max_norm)
        self._ema.update()
        if self._bank is not None and lesions is not None:
            self._bank.put(*lesions)
        return {**{name: float(value.detach()) for name, value in terms.items()}, "gradient_norm": norm}

    def _terms(self, batch: Batch, progress: Progress) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor] | None]:
        """Terms of the loss at the present weights, and the lesions that the bank will remember.

        A function of weights, bank, batch and step alone but for dropout, so that both passes of sharpness-aware
        minimisation draw the same points and are held against the same bank.
        """
        points = torch.Generator().manual_seed(int(stream(self._setup.seed, "points", progress.step).integers(2**31)))
        with self._autocast():
            prediction = self._network(scan_of(batch))
        judged = judge(prediction, targets_of(batch), self._config.loss, points)
        if self._projection is None or self._bank is None:
            return judged.terms, None
        return self._contrasted(judged, self._projection, self._bank)

    def _contrasted(
        self, judged: Judged, projection: Projection, bank: MemoryBank
    ) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor]]:
        config = self._config.loss.contrast
        embeddings = projection(judged.queries.float()), judged.classes
        term = asymmetric_contrast(embeddings, bank.held(), COMMON, temperature=config.temperature)
        loss = judged.terms["loss"] + config.weight * term
        return {**judged.terms, "contrast": term, "loss": loss}, (embeddings[0].detach(), embeddings[1])

    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Mean loss, and of the lesions in the patches how many are found and named, with the averaged weights."""
        points = torch.Generator().manual_seed(self._setup.seed)
        losses: list[float] = []
        found: list[tuple[bool, bool]] = []
        self._network.eval()
        with torch.no_grad(), self._ema.applied():
            for batch in batches:
                with self._autocast():
                    prediction = self._network(scan_of(batch))
                targets = targets_of(batch)
                losses.append(float(criterion(prediction, targets, self._config.loss, points)["loss"]))
                found += found_lesions(prediction, targets, self._config.read)
        self._network.train()
        named = [right for seen, right in found if seen]
        return {
            "loss": sum(losses) / max(1, len(losses)),
            "lesion_recall": len(named) / max(1, len(found)),
            "class_accuracy": sum(named) / max(1, len(named)),
            "named": sum(named) / max(1, len(found)),
        }

    def state_dict(self) -> dict[str, Any]:
        """All parts."""
        return gather_state(self._parts)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        restore_state(self._parts, state)

    def start_from(self, bundle: Bundle) -> None:
        """Take over the network; its classes must be ours."""
        bundle.check_classes(tuple(LESION_CLASSES))
        network_of(bundle).load_into(self._network)
        self._ema.restart()

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The averaged network with its settings."""
        config = {
            "network": self._config.network.to_dict(),
            "read": self._config.read.to_dict(),
            "spacing_mm": SPACING_MM,
        }
        return Bundle(
            kind="diagnosis", config=config, classes=tuple(LESION_CLASSES), weights=self._ema.weights, card=card
        )

    def _autocast(self) -> AbstractContextManager[Any]:
        if self._setup.device.type == "cpu":
            return torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._config.bfloat16)
        return self._precision.autocast()


def scan_of(batch: Batch) -> Scan:
    """What the network reads of a batch of ``training.patches``."""
    return Scan(batch["hu"], batch["present"], batch["liver"], batch["liver_hu"], batch.get("clinical"))


def targets_of(batch: Batch) -> Targets:
    """The truth in a batch of ``training.patches``."""
    classes = tuple(row[row >= 0] for row in batch["classes"])
    pairs = zip(batch["origins"], batch["classes"], strict=True) if "origins" in batch else ()
    origins = tuple(origin[row >= 0] for origin, row in pairs)
    return Targets(batch["labels"], classes, batch["liver"], batch["ignore"], origins)


def found_lesions(prediction: Prediction, targets: Targets, read: ReadConfig) -> list[tuple[bool, bool]]:
    """For each lesion: whether half of its voxels are marked, and whether its summed probabilities name it."""
    probabilities = semantic(prediction, voxel_share=read.voxel_share, background_logit=read.background_logit)
    rows: list[tuple[bool, bool]] = []
    for volume, labels, classes in zip(probabilities, targets.labels, targets.classes, strict=True):
        rows += [_found(volume[:, labels == k + 1], int(c), read.threshold) for k, c in enumerate(classes)]
    return rows


def _found(voxels: Tensor, wanted: int, threshold: float) -> tuple[bool, bool]:
    seen = bool(((1 - voxels[-1]) > threshold).float().mean() >= 0.5)
    return seen, seen and int(voxels[:-1].sum(1).argmax()) == wanted
