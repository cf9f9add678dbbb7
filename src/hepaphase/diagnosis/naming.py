"""The class of a lesion that was found, from what is measured of it and what the voxels say. L lesions, K classes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..bundle.bundle import Bundle
from ..study.lesions import LESION_CLASSES
from ..study.phase import Phase
from .measures import NAMES
from .members import MembersConfig, held, members, prefixed

Floats = npt.NDArray[np.float32]
PREFIX = "namer."
"""Of its weights in a bundle, beside those of the network."""
WIDTH = len(NAMES) + len(Phase) + len(LESION_CLASSES)
"""Of what the namer reads of one lesion."""
_LEAST = 1e-3
_MIDDLE, _SCALE = -2.5, 2.0
"""Of a log probability."""


class Namer(nn.Module):
    """A few small networks on the measures of a lesion; the second look that names what the first one found.

    GALS-CE also names lesions in a stage of its own, from a crop. Ours sees measures, which a few thousand lesions
    suffice to learn from (our choice).
    """

    def __init__(self, config: MembersConfig) -> None:
        super().__init__()
        self.config = config
        self.members = members(config, num_inputs=WIDTH, num_outputs=len(LESION_CLASSES))

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits (members, L, K) of ``as_inputs`` (L, width)."""
        return torch.stack([member(inputs) for member in self.members])

    def probabilities(self, inputs: Floats) -> Floats:
        """Class probabilities (L, K) of ``as_inputs`` (L, width), rows summing to one."""
        with torch.inference_mode():
            shares = self(torch.from_numpy(inputs).to(next(self.parameters()).device)).softmax(2).mean(0)
        return np.asarray(shares.cpu().numpy(), np.float32)


def as_inputs(measures: Floats, present: npt.NDArray[np.bool_], said: Floats) -> Floats:
    """What the namer reads of each lesion: its measures, the phases there are, the log of what the voxels say."""
    here = np.broadcast_to(present.astype(np.float32), (len(measures), len(Phase)))
    logs = (np.log(np.maximum(said, _LEAST)) - _MIDDLE) / _SCALE
    return np.concatenate([measures, here, logs], axis=1).astype(np.float32)


def namer_of(bundle: Bundle) -> Namer | None:
    """The namer in ``bundle``; None when lesions are named by the voxels alone.

    Raises:
        BundleError: when its weights do not fit.
    """
    return held(bundle, "namer", Namer)


def with_namer(network: Bundle, namer: Namer, *, card: Mapping[str, Any]) -> Bundle:
    """A bundle of the network and what names its lesions."""
    weights = {**network.weights, **prefixed(namer, PREFIX)}
    return replace(network, config={**network.config, "namer": namer.config.to_dict()}, weights=weights, card=card)
