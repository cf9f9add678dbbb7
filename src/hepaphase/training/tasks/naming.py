"""Train what names the lesions of a trained reader: the reader finds them, and is not changed."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ...base.errors import ConfigError
from ...base.seeds import stream
from ...bundle.bundle import Bundle, shipped
from ...diagnosis.diagnose import AIR_HU, SPACING_MM, Reader
from ...diagnosis.measures import measure_lesions
from ...diagnosis.naming import WIDTH, Namer, NamerConfig, as_inputs, network_of, with_namer
from ...diagnosis.postprocess import class_probabilities, lesion_labels
from ...diagnosis.semantic import semantic
from ...study.geometry import Geometry
from ...study.lesions import LESION_CLASSES
from ..optim import cosine_lr, set_lr
from ..patches import PatchConfig
from ..task import Batch, Progress, Setup
from .diagnosis import scan_of

_OVERLAP = 0.2
"""A finding has the class of the true lesion that most of it lies in, if so much of it lies there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingConfig:
    """Settings of the task (our choice).

    Raises:
        ConfigError: for a rate or size that cannot be.
    """

    namer: NamerConfig = field(default_factory=NamerConfig)
    patch: PatchConfig = field(default_factory=PatchConfig)
    """Which phases are shown, and how well they lie on one another; the rest of it is not used."""
    lr: float = 3e-3
    weight_decay: float = 0.1
    num_drawn: int = 64
    """Remembered lesions per step of the optimiser."""
    jitter: float = 0.1
    """Standard deviation of what is added to what was measured."""
    bfloat16: bool = True
    """Find lesions in bfloat16, at twice the speed."""

    def __post_init__(self) -> None:
        if self.lr <= 0 or self.num_drawn < 1 or min(self.weight_decay, self.jitter) < 0:
            raise ConfigError(f"Rates must be positive and num_drawn at least 1, got {self}.")


class NamingTask:
    """Every step reads new cases, remembers the lesions found in them, and learns from some of all remembered."""

    def __init__(self, config: NamingConfig, setup: Setup) -> None:
        self._config = config
        self._setup = setup
        self._namer = Namer(config.namer).to(setup.device)
        self._optimizer = torch.optim.AdamW(self._namer.parameters(), weight_decay=config.weight_decay)
        self._inputs = torch.zeros(0, WIDTH)
        self._classes = torch.zeros(0, dtype=torch.int64)
        self.start_from(Bundle.load(shipped("diagnosis"), kind="diagnosis"))

    def start_from(self, bundle: Bundle) -> None:
        """Name the lesions that this reader finds; without it, those of the one that ships."""
        self._bundle = network_of(bundle)
        self._reader = Reader.from_bundle(self._bundle, device=str(self._setup.device))

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """Read, remember, learn."""
        inputs, classes = self._found(batch)
        self._inputs = torch.cat([self._inputs, inputs])
        self._classes = torch.cat([self._classes, classes])
        figures = {"found": float(len(classes)), "remembered": float(len(self._classes))}
        if not len(self._classes):
            return {"loss": 0.0, **figures}
        set_lr(self._optimizer, cosine_lr(self._config.lr, progress, final=0.0, warmup=1))
        loss = self._loss(stream(self._setup.seed, "remembered", progress.step))
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return {"loss": float(loss.detach()), **figures}

    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Log loss and share of the found lesions that are named right, given all phases."""
        found = [self._found(batch) for batch in batches]
        inputs = torch.cat([part for part, _ in found]).to(self._setup.device)
        classes = torch.cat([part for _, part in found]).to(self._setup.device)
        if not len(classes):
            return {"loss": 0.0, "named": 0.0}
        self._namer.eval()
        with torch.no_grad():
            shares = self._namer(inputs).softmax(2).mean(0)
        self._namer.train()
        own = shares.gather(1, classes[:, None]).clamp(min=1e-4)
        return {"loss": float(-own.log().mean()), "named": float((shares.argmax(1) == classes).float().mean())}

    def state_dict(self) -> dict[str, Any]:
        """Namer, optimiser, what was remembered, and the reader."""
        return {
            "namer": self._namer.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "inputs": self._inputs,
            "classes": self._classes,
            "reader": {"config": dict(self._bundle.config), "weights": dict(self._bundle.weights)},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        self._namer.load_state_dict(state["namer"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._inputs, self._classes = state["inputs"], state["classes"]
        self.start_from(Bundle(kind="diagnosis", classes=tuple(LESION_CLASSES), **state["reader"]))

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The reader with its namer."""
        return with_namer(self._bundle, self._namer, card=card)

    def _loss(self, rng: np.random.Generator) -> Tensor:
        drawn = torch.from_numpy(rng.integers(0, len(self._classes), self._config.num_drawn))
        inputs = self._inputs[drawn].to(self._setup.device)
        inputs = inputs + self._config.jitter * torch.randn_like(inputs) * (inputs != 0)
        logits = self._namer(inputs)
        classes = self._classes[drawn].to(self._setup.device).expand(len(logits), -1)
        return nn.functional.cross_entropy(logits.flatten(0, 1), classes.flatten())

    def _found(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Inputs (L, width) and classes (L,) of the lesions that the reader finds and that are ones."""
        read = self._reader.read
        with torch.no_grad(), self._autocast():
            said = self._reader.network(scan_of(padded(batch, self._reader.config.size_multiple)))
        marked = semantic(said, voxel_share=read.voxel_share, background_logit=read.background_logit)
        voxels = semantic(said, voxel_share=1.0)
        inputs, classes = [], []
        for index in range(len(marked)):
            case = {name: value[index].cpu().numpy() for name, value in batch.items()}
            z, y, x = case["inside"].shape
            parts = [part[index, :, :z, :y, :x].float().cpu().numpy() for part in (marked, voxels)]
            found, own = self._one(parts[0], parts[1], case)
            inputs.append(torch.from_numpy(found))
            classes.append(torch.from_numpy(own))
        return torch.cat(inputs), torch.cat(classes)

    def _one(
        self, marked: npt.NDArray[np.float32], voxels: npt.NDArray[np.float32], case: Mapping[str, npt.NDArray[Any]]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        z, y, x = case["inside"].shape
        grid = Geometry((z, y, x), (SPACING_MM,) * 3, (0.0, 0.0, 0.0))
        labels, _ = lesion_labels(marked, case["inside"], grid, self._reader.read)
        measures = measure_lesions(case["hu"], case["present"], labels, case["inside"])
        inputs = as_inputs(measures, case["present"], class_probabilities(voxels, labels))
        classes = true_classes(labels, case["labels"], case["classes"])
        return inputs[classes >= 0], classes[classes >= 0]

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self._setup.device.type, torch.bfloat16, enabled=self._config.bfloat16)


def padded(batch: Batch, multiple: int) -> Batch:
    """What the network reads, padded at the far ends to a multiple of ``multiple``: air where there is a phase."""
    sizes = batch["hu"].shape[2:]
    ends = [n for size in reversed(sizes) for n in (0, -size % multiple)]
    air = nn.functional.pad(torch.zeros(sizes, device=batch["hu"].device), ends, value=AIR_HU)
    present = batch["present"][:, :, None, None, None]
    hu = nn.functional.pad(batch["hu"], ends) + air * present
    return {**batch, "hu": hu, "liver": nn.functional.pad(batch["liver"], ends)}


def true_classes(
    labels: npt.NDArray[np.uint16], truth: npt.NDArray[np.int64], classes: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Class (L,) of the true lesion that each finding lies in, -1 where it lies in none."""
    count = int(labels.max(initial=0))
    table = np.zeros((count + 1, len(classes) + 1), np.int64)
    np.add.at(table, (labels.ravel(), truth.ravel()), 1)
    found = table[1:]
    best = found[:, 1:].argmax(1)
    share = found[np.arange(count), best + 1] / np.maximum(found.sum(1), 1)
    return np.where(share >= _OVERLAP, classes[best], -1)
