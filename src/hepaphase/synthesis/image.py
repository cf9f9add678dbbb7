"""What image generators share: how phases are shown, what comes out. B batch, P phases, (z, y, x) space."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..base.errors import BundleError
from ..bundle.bundle import Bundle
from ..study.phase import Phase
from ..study.study import AlignedStudy, HuArray
from .grid import SPACING_MM, as_volume, fits, on_training_grid, padded, scanned_of
from .network import Scanned
from .protocol import Generated, check_request
from .trained_for import TrainedFor

KIND = "synthesis"
CENTER_HU, SCALE_HU = 50.0, 75.0
"""HU are shown as (HU - center) / scale."""
WINDOW_HU = (-250.0, 550.0)
"""What networks see; the image they start from is taken as it is."""
SD_RANGE_HU = (0.5, 150.0)
_TIME_SCALE_S = 100.0
_NUM_PHASES = len(Phase)


class Wanted(NamedTuple):
    """Which phase of each exam is asked, and when."""

    number: Tensor
    """Place of the phase in ``Phase``, (B,)."""
    time_s: Tensor
    """(B,)."""


class Image(NamedTuple):
    """A phase as a network makes it, each (B, z, y, x) in HU."""

    hu: Tensor
    sd_hu: Tensor
    samples: Tensor | None = None
    """(draws, B, z, y, x), of networks that draw."""


class ImageNetwork(Protocol):
    """A network behind an image generator; a ``torch.nn.Module``."""

    multiple: int
    """Sizes along each axis must be multiples of this."""

    def image(self, scanned: Scanned, wanted: Wanted) -> Image:
        """The phase wanted, from what was scanned."""
        ...


def nearest_hu(scanned: Scanned, wanted: Wanted) -> Tensor:
    """The scanned phase nearest in time, the later of two: what an image generator changes; (B, z, y, x)."""
    distance = (scanned.time_s - wanted.time_s[:, None]).abs()
    distance = distance.masked_fill(~scanned.present, float("inf"))
    picked = _NUM_PHASES - 1 - distance.flip(1).argmin(dim=1)
    return scanned.hu[torch.arange(len(picked), device=picked.device), picked]


def shown(scanned: Scanned) -> Tensor:
    """HU in the window, zero where absent, and a map per phase that says which is there; (B, 2 P, z, y, x)."""
    mask = scanned.present.to(scanned.hu.dtype)[:, :, None, None, None]
    values = (scanned.hu.clamp(*WINDOW_HU) - CENTER_HU) / SCALE_HU
    return torch.cat([values * mask, mask.expand_as(values)], dim=1)


def condition(scanned: Scanned, wanted: Wanted) -> Tensor:
    """What is known beside the voxels: phases there, their times, phase and time wanted; (B, 3 P + 1)."""
    here = scanned.present.to(scanned.hu.dtype)
    target = functional.one_hot(wanted.number, _NUM_PHASES).to(here.dtype)
    times = here * scanned.time_s / _TIME_SCALE_S
    return torch.cat([here, times, target, wanted.time_s[:, None] / _TIME_SCALE_S], dim=1)


NUM_CONDITION = 3 * _NUM_PHASES + 1


def read_image(base_hu: Tensor, raw: Tensor) -> Image:
    """Two raw maps, (B, 2, z, y, x), as a change of ``base_hu`` and the logarithm of a standard deviation."""
    log_sd = raw[:, 1].float() + 2.0  # zeros mean 7 HU
    low, high = (torch.log(torch.tensor(v)).item() for v in SD_RANGE_HU)
    return Image(base_hu + SCALE_HU * raw[:, 0].float(), log_sd.clamp(low, high).exp())


@dataclass(frozen=True, slots=True)
class Family:
    """How one kind of image generator is made: its name, its configuration and its network."""

    name: str
    config: Callable[..., Any]
    """A frozen dataclass."""
    build: Callable[[Any], nn.Module]
    """From the configuration to the network, an :class:`ImageNetwork`."""

    def untrained(self) -> nn.Module:
        """A tiny network, always the same; the caller's random state is left alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return self.build(self.config())

    def pack(self, config: Any, trained_for: TrainedFor, weights: dict[str, Tensor], card: dict[str, Any]) -> Bundle:
        """A network's configuration and weights as a bundle."""
        settings = {
            "generator": self.name,
            "spacing_mm": SPACING_MM,
            "network": asdict(config),
            "inputs": list(trained_for.inputs),
            "targets": list(trained_for.targets),
        }
        return Bundle(kind=KIND, config=settings, classes=tuple(str(p) for p in Phase), weights=weights, card=card)

    def unpack(self, bundle: Bundle) -> tuple[nn.Module, TrainedFor]:
        """Undo of :meth:`pack`.

        Raises:
            BundleError: when it is of another generator, or its weights do not fit.
        """
        found = bundle.config.get("generator", "none")
        if found != self.name:
            raise BundleError(
                f"The {bundle.kind} bundle is for generator '{found}', not '{self.name}'. Give another --bundle."
            )
        bundle.check_classes([str(p) for p in Phase])
        settings = {k: tuple(v) if isinstance(v, list) else v for k, v in bundle.config["network"].items()}
        network = self.build(self.config(**settings))
        bundle.load_into(network)
        return network, TrainedFor.from_config(bundle.config)


class ImageGenerator:
    """An image network behind the protocol: what was not trained is refused, any grid is answered on itself.

    A generator is this with its ``family`` and ``recipe``. Without arguments it is tiny and untrained.
    """

    family: ClassVar[Family]
    recipe: ClassVar[str]
    """What trains it."""
    made_for: ClassVar[TrainedFor] = TrainedFor()
    """Inputs and targets where no training says otherwise."""

    def __init__(
        self, network: nn.Module | None = None, trained_for: TrainedFor | None = None, *, device: str = "cpu"
    ) -> None:
        self.device = torch.device(device)
        made = network or self.family.untrained()
        self.network: Any = made.eval().requires_grad_(False).to(self.device)
        self.trained_for = trained_for or self.made_for

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, device: str = "cpu") -> Self:
        """From a trained bundle.

        Raises:
            BundleError: when it is of another generator, or its weights do not fit.
        """
        return cls(*cls.family.unpack(bundle), device=device)

    def generate(self, study: AlignedStudy, target: Phase, *, time_s: float | None = None) -> Generated:
        """See :class:`.protocol.Generator`.

        Raises:
            NotTrainedError: for inputs or targets that the training did not have.
        """
        wanted_s = check_request(study, target, time_s)
        self.trained_for.check(self.family.name, study.inputs, target)
        drawn: list[HuArray] = []

        def predict(small: AlignedStudy, when_s: float) -> tuple[HuArray, HuArray, HuArray]:
            made, shape = self._predict(small, target, when_s), small.geometry.shape_zyx
            hu, sd_hu = as_volume(made.hu[0], shape), as_volume(made.sd_hu[0], shape)
            if made.samples is not None:
                drawn.append(np.stack([as_volume(one[0], shape) for one in made.samples]))
            return hu, sd_hu, 0 * hu

        generated = on_training_grid(study, wanted_s, predict)
        return replace(generated, samples_hu=drawn[0]) if drawn and fits(study.geometry) else generated

    def _predict(self, study: AlignedStudy, target: Phase, time_s: float) -> Image:
        scanned = padded(scanned_of(study, self.device), self.network.multiple)
        looked_at = self.trained_for.shown(study.inputs)
        seen = torch.tensor([[p in looked_at for p in Phase]], device=self.device)
        wanted = Wanted(
            torch.tensor([list(Phase).index(target)], device=self.device), torch.tensor([time_s], device=self.device)
        )
        with torch.inference_mode():
            made: Image = self.network.image(scanned._replace(present=seen), wanted)
        return made
