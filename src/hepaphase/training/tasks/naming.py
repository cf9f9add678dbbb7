"""Train what checks the finds of a trained reader and names its lesions: the network finds them, and is not changed."""

from collections.abc import Iterable, Mapping, Sequence
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
from ...diagnosis.beside import only
from ...diagnosis.checking import WIDTH as CHECK_WIDTH
from ...diagnosis.checking import Checker, check_inputs, network_of, with_checker
from ...diagnosis.diagnose import AIR_HU, SPACING_MM, Reader
from ...diagnosis.measures import measure_lesions
from ...diagnosis.members import MembersConfig
from ...diagnosis.naming import WIDTH, Namer, as_inputs, with_namer
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
_TOUCHES = 0.05
"""With less than this share in any lesion a find is a false one; between both it teaches nothing (our choice)."""
Inputs = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingConfig:
    """Settings of the task (our choice).

    Raises:
        ConfigError: for a rate or size that cannot be.
    """

    namer: MembersConfig = field(default_factory=MembersConfig)
    checker: MembersConfig = field(default_factory=lambda: MembersConfig(hidden=32))
    candidate_drop: float = 2.0
    """See ``ReadConfig``. Of 0, 1.5 and 3 on 300 patients of sim-1k-train, the lesions found at all three had the best
    outlines at 1.5 (Dice 0.69, 0.76, 0.73), and the most lesions were found at 3 (252, 282, 311 of 461)."""
    patch: PatchConfig = field(default_factory=PatchConfig)
    """Which phases are shown, how well they lie on one another, and what lies in the edge of the liver; the rest of it
    is not used."""
    lr: float = 3e-3
    weight_decay: float = 0.1
    num_drawn: int = 64
    """Remembered finds per step of the optimiser, for naming and for checking each."""
    jitter: float = 0.1
    """Standard deviation of what is added to what was measured."""
    bfloat16: bool = True
    """Find lesions in bfloat16, at twice the speed."""

    def __post_init__(self) -> None:
        if self.lr <= 0 or self.num_drawn < 1 or min(self.weight_decay, self.jitter, self.candidate_drop) < 0:
            raise ConfigError(f"Rates must be positive and num_drawn at least 1, got {self}.")


@dataclass(frozen=True, slots=True)
class Finds:
    """What was found: what is read of each find, and what it is."""

    named: Tensor
    """(N, width) of the namer, for the finds that are lesions."""
    classes: Tensor
    """(N,) of those."""
    checked: Tensor
    """(M, width) of the checker, for the finds that are lesions or false."""
    real: Tensor
    """(M,), one for a lesion."""

    @classmethod
    def none(cls) -> "Finds":
        """Nothing yet."""
        integers = torch.zeros(0, dtype=torch.int64)
        return cls(torch.zeros(0, WIDTH), integers, torch.zeros(0, CHECK_WIDTH), torch.zeros(0))

    @classmethod
    def together(cls, parts: Iterable["Finds"]) -> "Finds":
        """All of ``parts``."""
        every = list(parts)
        return cls(*(torch.cat([getattr(one, name) for one in every]) for name in cls.__slots__))

    def state_dict(self) -> dict[str, Tensor]:
        """By name."""
        return {name: getattr(self, name) for name in self.__slots__}


class NamingTask:
    """Every step reads new cases, remembers what is found in them, and learns from some of all remembered.

    Lesions among the finds teach their names; these and the false ones teach which finds are lesions.
    """

    def __init__(self, config: NamingConfig, setup: Setup) -> None:
        self._config = config
        self._setup = setup
        self._namer = Namer(config.namer).to(setup.device)
        self._checker = Checker(config.checker).to(setup.device)
        parameters = [*self._namer.parameters(), *self._checker.parameters()]
        self._optimizer = torch.optim.AdamW(parameters, weight_decay=config.weight_decay)
        self._finds = Finds.none()
        self.start_from(Bundle.load(shipped("diagnosis"), kind="diagnosis"))

    def start_from(self, bundle: Bundle) -> None:
        """Check and name what this reader finds; without it, what the one that ships does."""
        self._bundle = network_of(bundle)
        self._reader = Reader.from_bundle(self._bundle, device=str(self._setup.device))

    def step(self, batch: Batch, *, progress: Progress) -> dict[str, float]:
        """Read, remember, learn."""
        found = self._found(batch)
        self._finds = Finds.together([self._finds, found])
        figures = {"found": float(len(found.real)), "remembered": float(len(self._finds.classes))}
        if not len(self._finds.classes):
            return {"loss": 0.0, **figures}
        set_lr(self._optimizer, cosine_lr(self._config.lr, progress, final=0.0, warmup=1))
        rng = stream(self._setup.seed, "remembered", progress.step)
        naming, checking = self._naming_loss(rng), self._checking_loss(rng)
        self._optimizer.zero_grad(set_to_none=True)
        (naming + checking).backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return {"loss": float((naming + checking).detach()), "checking": float(checking.detach()), **figures}

    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Log loss of names and of checks, and the share of each that is right, given all phases."""
        found = Finds.together([Finds.none(), *(self._found(batch) for batch in batches)])
        if not len(found.classes):
            return {"loss": 0.0, "named": 0.0, "checking": 0.0, "checked": 0.0}
        self._namer.eval()
        self._checker.eval()
        with torch.no_grad():
            shares = self._namer(found.named.to(self._setup.device)).softmax(2).mean(0).cpu()
            sure = self._checker(found.checked.to(self._setup.device)).sigmoid().mean(0).cpu()
        self._namer.train()
        self._checker.train()
        naming = -shares.gather(1, found.classes[:, None]).clamp(min=1e-4).log().mean()
        checking = nn.functional.binary_cross_entropy(sure.clamp(1e-4, 1 - 1e-4), found.real)
        return {
            "loss": float(naming + checking),
            "named": float((shares.argmax(1) == found.classes).float().mean()),
            "checking": float(checking),
            "checked": float(((sure >= 0.5).float() == found.real).float().mean()),
        }

    def state_dict(self) -> dict[str, Any]:
        """Namer, checker, optimiser, what was remembered, and the reader."""
        return {
            "namer": self._namer.state_dict(),
            "checker": self._checker.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "finds": self._finds.state_dict(),
            "reader": {"config": dict(self._bundle.config), "weights": dict(self._bundle.weights)},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Undo of :meth:`state_dict`."""
        self._namer.load_state_dict(state["namer"])
        self._checker.load_state_dict(state["checker"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._finds = Finds(**state["finds"])
        self.start_from(Bundle(kind="diagnosis", classes=tuple(LESION_CLASSES), **state["reader"]))

    def bundle(self, card: Mapping[str, Any]) -> Bundle:
        """The reader with its namer and checker."""
        named = with_namer(self._bundle, self._namer, card=card)
        return with_checker(named, self._checker, read={"candidate_drop": self._config.candidate_drop})

    def _naming_loss(self, rng: np.random.Generator) -> Tensor:
        inputs, classes = self._drawn(self._finds.named, self._finds.classes, rng)
        logits = self._namer(inputs)
        return nn.functional.cross_entropy(logits.flatten(0, 1), classes.expand(len(logits), -1).flatten())

    def _checking_loss(self, rng: np.random.Generator) -> Tensor:
        inputs, real = self._drawn(self._finds.checked, self._finds.real, rng)
        logits = self._checker(inputs)
        return nn.functional.binary_cross_entropy_with_logits(logits, real.expand(len(logits), -1))

    def _drawn(self, inputs: Tensor, truth: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Some of what was remembered, with noise on what was measured."""
        drawn = torch.from_numpy(rng.integers(0, len(truth), self._config.num_drawn))
        some = inputs[drawn].to(self._setup.device)
        some = some + self._config.jitter * torch.randn_like(some) * (some != 0)
        return some, truth[drawn].to(self._setup.device)

    def _found(self, batch: Batch) -> Finds:
        """What the reader finds, where a checker is to judge it."""
        read = self._reader.read
        lower = read.background_logit - self._config.candidate_drop
        with torch.no_grad(), self._autocast():
            said = self._reader.network(scan_of(padded(batch, self._reader.config.size_multiple)))
        maps = [
            semantic(said, voxel_share=read.voxel_share, background_logit=read.background_logit),
            semantic(said, voxel_share=1.0),
            semantic(said, voxel_share=read.voxel_share, background_logit=lower),
        ]
        found = []
        for index in range(len(maps[0])):
            case = {name: value[index].cpu().numpy() for name, value in batch.items()}
            z, y, x = case["inside"].shape
            cut = [part[index, :, :z, :y, :x].float().cpu().numpy() for part in maps]
            found.append(self._one(cut, case))
        return Finds.together(found)

    def _one(self, maps: Sequence[Inputs], case: Mapping[str, npt.NDArray[Any]]) -> Finds:
        output, voxels, marked = maps
        grid = Geometry(case["inside"].shape, (SPACING_MM,) * 3, (0.0, 0.0, 0.0))
        labels, _ = lesion_labels(marked, case["inside"], grid, self._reader.read)
        share, classes = true_classes(labels, case["labels"], case["classes"])
        clear = (share >= _OVERLAP) | (share < _TOUCHES)
        checked = check_inputs(_seen(case, labels, voxels), 1 - output[-1], labels)
        is_lesion = classes >= 0
        lesions = only(labels, (np.flatnonzero(is_lesion) + 1).tolist())
        named = _seen(case, lesions, voxels)
        arrays = (named, classes[is_lesion], checked[clear], (share >= _OVERLAP)[clear].astype(np.float32))
        return Finds(*(torch.from_numpy(array) for array in arrays))

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


def _seen(case: Mapping[str, npt.NDArray[Any]], labels: npt.NDArray[np.uint16], voxels: Inputs) -> Inputs:
    """What a second look reads of each find (L, width)."""
    measures = measure_lesions(case["hu"], case["present"], labels, case["inside"])
    return as_inputs(measures, case["present"], class_probabilities(voxels, labels))


def true_classes(
    labels: npt.NDArray[np.uint16], truth: npt.NDArray[np.int64], classes: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Largest share (L,) of each finding that lies in one true lesion, and that one's class (L,); -1 for too little."""
    count = int(labels.max(initial=0))
    table = np.zeros((count + 1, len(classes) + 1), np.int64)
    np.add.at(table, (labels.ravel(), truth.ravel()), 1)
    found = table[1:]
    best = found[:, 1:].argmax(1)
    share = found[np.arange(count), best + 1] / np.maximum(found.sum(1), 1)
    return share, np.where(share >= _OVERLAP, classes[best], -1)
