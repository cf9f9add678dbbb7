"""From queries to class probabilities per voxel. B batch, Q queries, K classes."""

import torch
from torch import Tensor

from .mask_transformer import Prediction

CLAIMED = 1.0 - 1e-6
"""Most that one query may claim of a voxel, so that the product below stays above zero."""


def query_semantic(class_logits: Tensor, mask_logits: Tensor) -> Tensor:
    """Class probabilities per voxel (B, K + 1, z, y, x), background last, summing to one.

    ``class_logits`` (B, Q, K + 1), ``mask_logits`` (B, Q, z, y, x). Classes share a voxel in proportion to
    sum_q softmax(class_q) sigmoid(mask_q), as in Mask2Former and PLAN. How much goes to background the papers leave
    open for networks without a background class; we take the chance that no query claims the voxel,
    prod_q (1 - p_q(lesion) sigmoid(mask_q)) (our choice).
    """
    classes = class_logits.float().softmax(2)[:, :, :-1]
    masks = mask_logits.float().sigmoid()
    share = torch.einsum("bqk,bqzyx->bkzyx", classes, masks)
    claim = (classes.sum(2)[:, :, None, None, None] * masks).clamp(max=CLAIMED)
    background = torch.log1p(-claim).sum(1, keepdim=True).exp()
    return torch.cat([share * (1 - background) / share.sum(1, keepdim=True).clamp(min=1e-6), background], dim=1)


def semantic(
    prediction: Prediction, *, voxel_share: float, background_logit: float = 0.0, queries: Tensor | None = None
) -> Tensor:
    """The semantic output (B, K + 1, z, y, x): ``voxel_share`` of the semantic branch, the rest from the queries.

    ``background_logit`` is added to the background of the semantic branch, see ``ReadConfig``. ``queries`` is what
    ``of_queries`` says, where it is known already. A network that lacks one of the two is read by the other.
    """
    if prediction.voxel_logits is None:
        voxel_share = 0.0
    if not prediction.outputs:
        voxel_share = 1.0
    parts = []
    if voxel_share < 1:
        parts.append((1 - voxel_share) * (of_queries(prediction) if queries is None else queries))
    if voxel_share > 0 and prediction.voxel_logits is not None:
        logits = prediction.voxel_logits.float()
        shifted = torch.cat([logits[:, :-1], logits[:, -1:] + background_logit], dim=1)
        parts.append(voxel_share * shifted.softmax(1))
    return torch.stack(parts).sum(0)


def of_queries(prediction: Prediction) -> Tensor:
    """What the queries alone say (B, K + 1, z, y, x)."""
    return query_semantic(prediction.final.class_logits, prediction.mask_logits())
