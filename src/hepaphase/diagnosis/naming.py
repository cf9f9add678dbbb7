"""The class of a lesion that was found, from what is measured of it and what the voxels say. L lesions, K classes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..base.errors import ConfigError
from ..bundle.bundle import Bundle
from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase
from .measures import NAMES, measure_lesions

Floats = npt.NDArray[np.float32]
PREFIX = "namer."
"""Of its weights in a bundle, beside those of the network."""
WIDTH = len(NAMES) + len(Phase) + len(LESION_CLASSES)
"""Of what the namer reads of one lesion."""
_LEAST = 1e-3
_MIDDLE, _SCALE = -2.5, 2.0
"""Of a log probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamerConfig:
    """Sizes of the namer (our choice).

    Raises:
        ConfigError: for a size below one.
    """

    hidden: int = 64
    num_members: int = 5
    """Networks whose probabilities are averaged."""
    dropout: float = 0.3

    def __post_init__(self) -> None:
        if min(self.hidden, self.num_members) < 1 or not 0 <= self.dropout < 1:
            raise ConfigError(f"Sizes must be at least 1 and dropout in [0, 1), got {self}.")

    def to_dict(self) -> dict[str, Any]:
        """As plain values for a bundle."""
        return asdict(self)


class Namer(nn.Module):
    """A few small networks on the measures of a lesion; the second look that names what the first one found.

    GALS-CE also names lesions in a stage of its own, from a crop. Ours sees measures, which a few thousand lesions
    suffice to learn from (our choice).
    """

    def __init__(self, config: NamerConfig) -> None:
        super().__init__()
        self.config = config
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Linear(WIDTH, config.hidden),
                nn.SiLU(),
                nn.Dropout(config.dropout),
                nn.Linear(config.hidden, len(LESION_CLASSES)),
            )
            for _ in range(config.num_members)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits (members, L, K) of ``as_inputs`` (L, width)."""
        return torch.stack([member(inputs) for member in self.members])

    def probabilities(
        self, hu: Floats, present: npt.NDArray[np.bool_], labels: npt.NDArray[np.uint16], said: Floats, liver: Any
    ) -> Floats:
        """Class probabilities (L, K) of the lesions of ``labels``, rows summing to one.

        Args:
            hu: (P, z, y, x), see ``measures.measure_lesions``.
            present: (P,).
            labels: (z, y, x).
            said: (L, K), mean class probabilities of the semantic branch over each lesion.
            liver: (z, y, x) bool.
        """
        inputs = as_inputs(measure_lesions(hu, present, labels, liver), present, said)
        with torch.inference_mode():
            shares = self(torch.from_numpy(inputs).to(next(self.parameters()).device)).softmax(2).mean(0)
        return np.asarray(shares.cpu().numpy(), np.float32)


def as_inputs(measures: Floats, present: npt.NDArray[np.bool_], said: Floats) -> Floats:
    """What the namer reads of each lesion: its measures, the phases there are, the log of what the voxels say."""
    here = np.broadcast_to(present.astype(np.float32), (len(measures), len(Phase)))
    logs = (np.log(np.maximum(said, _LEAST)) - _MIDDLE) / _SCALE
    return np.concatenate([measures, here, logs], axis=1).astype(np.float32)


def network_of(bundle: Bundle) -> Bundle:
    """``bundle`` without its namer, as the network alone was trained."""
    weights = {name: value for name, value in bundle.weights.items() if not name.startswith(PREFIX)}
    config = {key: value for key, value in bundle.config.items() if key != "namer"}
    return replace(bundle, weights=weights, config=config)


def namer_of(bundle: Bundle) -> Namer | None:
    """The namer in ``bundle``; None when lesions are named by the voxels alone.

    Raises:
        BundleError: when its weights do not fit.
    """
    if "namer" not in bundle.config:
        return None
    namer = Namer(NamerConfig(**bundle.config["namer"]))
    own = {name.removeprefix(PREFIX): value for name, value in bundle.weights.items() if name.startswith(PREFIX)}
    replace(bundle, weights=own).load_into(namer)
    return namer.eval()


def with_namer(network: Bundle, namer: Namer, *, card: Mapping[str, Any]) -> Bundle:
    """A bundle of the network and what names its lesions."""
    own = {f"{PREFIX}{name}": value.detach().cpu().clone() for name, value in namer.state_dict().items()}
    config = {**network.config, "namer": namer.config.to_dict()}
    return replace(network, config=config, weights={**network.weights, **own}, card=card)
