"""Where a metastasis comes from: a head beside the semantic branch. B batch, R origins."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..bundle.bundle import Bundle
from ..study.lesions import METASTASIS_ORIGINS

UNKNOWN = -1
ORIGIN_INDEX = {name: number for number, name in enumerate(METASTASIS_ORIGINS)}
PREFIX = "voxel_heads.origins."
"""Of the head's weights in a bundle."""


def lesion_means(logits: Tensor, labels: Tensor, num_lesions: int) -> Tensor:
    """Mean of ``logits`` (R, z, y, x) over each lesion 1 ... K of ``labels`` (z, y, x): (K, R)."""
    flat, ids = logits.flatten(1).float(), labels.flatten()
    sums = flat.new_zeros((num_lesions + 1, len(flat))).index_add(0, ids, flat.T)
    return sums[1:] / torch.bincount(ids, minlength=num_lesions + 1)[1:, None].clamp(min=1)


def origin_entropy(logits: Tensor, labels: Tensor, origins: tuple[Tensor, ...]) -> Tensor:
    """Mean cross-entropy over lesions of known origin, each by its mean logits; zero where there is none.

    ``logits`` (B, R, z, y, x), ``labels`` (B, z, y, x), ``origins`` per study (K,), ``UNKNOWN`` where not known.
    """
    terms = []
    for volume, own, truth in zip(logits, labels, origins, strict=True):
        asked = truth >= 0
        if asked.any():
            means = lesion_means(volume, own, len(truth))[asked]
            terms.append(nn.functional.cross_entropy(means, truth[asked], reduction="none"))
    return torch.cat(terms).mean() if terms else logits.sum() * 0.0


def origin_shares(
    logits: npt.NDArray[np.float32], lesions: npt.NDArray[np.integer], *, temperature: float = 1.0
) -> list[dict[str, float]]:
    """For lesion 1 ... L the probability of each origin, were it a metastasis.

    Args:
        logits: (R, z, y, x).
        lesions: (z, y, x) ids.
        temperature: above one flattens; fitted on validation (``evaluation.calibrate``).
    """
    count = int(lesions.max(initial=0))
    means = lesion_means(torch.from_numpy(logits), torch.from_numpy(lesions.astype(np.int64)), count)
    shares = (means / temperature).softmax(1).tolist()
    return [dict(zip(METASTASIS_ORIGINS, row, strict=True)) for row in shares]


def without_origins(bundle: Bundle) -> Bundle:
    """``bundle`` without its head of origins, if it has one."""
    weights = {name: value for name, value in bundle.weights.items() if not name.startswith(PREFIX)}
    network = {**bundle.config["network"], "num_origins": 0}
    return replace(bundle, weights=weights, config={**bundle.config, "network": network})


def with_origins(bundle: Bundle, head: nn.Linear, *, card: Mapping[str, Any]) -> Bundle:
    """``bundle``, a reader, with ``head`` from the shared map of the voxel heads to the logits of origins."""
    plain = without_origins(bundle)
    own = {
        f"{PREFIX}weight": head.weight.detach().cpu().clone()[:, :, None, None, None],
        f"{PREFIX}bias": head.bias.detach().cpu().clone(),
    }
    network = {**plain.config["network"], "num_origins": head.out_features}
    return replace(plain, weights={**plain.weights, **own}, config={**plain.config, "network": network}, card=card)
