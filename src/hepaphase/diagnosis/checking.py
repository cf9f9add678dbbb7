"""Whether what was found is a lesion: a second look that leaves false finds out. L finds, K classes.

Detection of small lesions is commonly done in two stages: many candidates, then a look at each that throws false ones
out. Ours measures what the namer measures (``naming``), and how sure the voxels are (our choice).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor, nn

from ..bundle.bundle import Bundle
from .members import MembersConfig, held, members, prefixed
from .naming import PREFIX as NAMER
from .naming import WIDTH as NAMER_WIDTH

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint16]

PREFIX = "checker."
"""Of its weights in a bundle, beside those of the network."""
WIDTH = NAMER_WIDTH + 2
"""Of what the checker reads of one find."""
_LEAST = 1e-4
_SCALE = 3.0
"""Of a logit."""


class Checker(nn.Module):
    """A few small networks that say of a find how likely it is a lesion."""

    def __init__(self, config: MembersConfig) -> None:
        super().__init__()
        self.config = config
        self.members = members(config, num_inputs=WIDTH, num_outputs=1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits (members, L) of ``check_inputs`` (L, width)."""
        return torch.stack([member(inputs)[:, 0] for member in self.members])

    def probabilities(self, inputs: Floats) -> Floats:
        """How likely each find is a lesion, (L,), from ``check_inputs`` (L, width)."""
        with torch.inference_mode():
            shares = self(torch.from_numpy(inputs).to(next(self.parameters()).device)).sigmoid().mean(0)
        return np.asarray(shares.cpu().numpy(), np.float32)


def check_inputs(named: Floats, lesion: Floats, labels: Labels) -> Floats:
    """What the checker reads of each find: what the namer reads, and how sure the voxels are at most and on average.

    Args:
        named: (L, width), see ``naming.as_inputs``.
        lesion: (z, y, x), the probability of being any lesion.
        labels: (z, y, x), finds 1 ... L.
    """
    ids = np.arange(1, len(named) + 1)
    sure = np.zeros((len(named), 2), np.float32)
    if len(named):
        sure[:, 0] = ndimage.maximum(lesion, labels, ids)
        sure[:, 1] = ndimage.mean(lesion, labels, ids)
    sure = np.clip(sure, _LEAST, 1 - _LEAST)
    return np.concatenate([named, np.log(sure / (1 - sure)) / _SCALE], axis=1).astype(np.float32)


def faded(semantic: Floats, labels: Labels, shares: Floats) -> Floats:
    """``semantic`` (K + 1, z, y, x) with the lesion classes in find k times ``shares[k - 1]``; the rest is background.

    So a find that is left out speaks for the patient's score only as far as it may be a lesion (our choice).
    """
    if not len(shares) or (shares == 1).all():
        return semantic
    table = np.concatenate([np.ones(1, np.float32), shares])
    out = semantic.copy()
    out[:-1] *= table[labels]
    out[-1] = 1 - out[:-1].sum(0)
    return out


def network_of(bundle: Bundle) -> Bundle:
    """``bundle`` without what looks a second time, as the network alone was trained."""
    weights = {name: value for name, value in bundle.weights.items() if not name.startswith((NAMER, PREFIX))}
    config = {key: value for key, value in bundle.config.items() if key not in ("namer", "checker")}
    return replace(bundle, weights=weights, config=config)


def checker_of(bundle: Bundle) -> Checker | None:
    """The checker in ``bundle``; None when every find is reported.

    Raises:
        BundleError: when its weights do not fit.
    """
    return held(bundle, "checker", Checker)


def with_checker(reader: Bundle, checker: Checker, *, read: Mapping[str, Any]) -> Bundle:
    """A bundle of the reader and what checks its finds; ``read`` changes how it is read."""
    config = {**reader.config, "checker": checker.config.to_dict(), "read": {**reader.config["read"], **read}}
    return replace(reader, config=config, weights={**reader.weights, **prefixed(checker, PREFIX)})
