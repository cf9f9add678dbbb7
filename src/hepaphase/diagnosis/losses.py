"""Losses of stage II, each on its own. Q queries, K classes, P points, B batch."""

import torch
from torch import Tensor, nn


def focal_loss(logits: Tensor, target: Tensor, *, gamma: float = 2.0, weight: Tensor | None = None) -> Tensor:
    """Softmax focal loss (Lin 2017), the mean of -(1 - p)^gamma log p of the true class.

    ``logits`` (N, K), ``target`` (N,); ``weight`` (K,) makes the mean a weighted one, as in cross-entropy, which this
    is at ``gamma`` 0. The paper names the loss and no gamma; 2 is the focal paper's.
    """
    log_p = logits.float().log_softmax(1).gather(1, target[:, None])[:, 0]
    loss = -((1 - log_p.exp()) ** gamma) * log_p
    if weight is None:
        return loss.mean()
    rows = weight[target]
    return (rows * loss).sum() / rows.sum()


def point_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy (K,) over points, ``logits`` and ``target`` (K, P)."""
    return nn.functional.binary_cross_entropy_with_logits(logits.float(), target.float(), reduction="none").mean(1)


def point_dice(logits: Tensor, target: Tensor) -> Tensor:
    """1 - soft Dice (K,) over points, ``logits`` and ``target`` (K, P); one added above and below, as Mask2Former."""
    share, target = logits.float().sigmoid(), target.float()
    return 1 - (2 * (share * target).sum(1) + 1) / (share.sum(1) + target.sum(1) + 1)


def voxel_entropy(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted sum of the cross-entropy of the semantic branch: ``logits`` (B, K + 1, N), others (B, N)."""
    return (nn.functional.cross_entropy(logits.float(), target, reduction="none") * weight).sum()


def lesion_dice(logits: Tensor, lesion: Tensor, weight: Tensor) -> Tensor:
    """1 - soft Dice of 'any lesion' over the batch: ``logits`` (B, K + 1, N), background last; others (B, N)."""
    share = 1 - logits.float().softmax(1)[:, -1]
    truth = lesion.float()
    return 1 - (2 * (weight * share * truth).sum() + 1) / ((weight * share).sum() + (weight * truth).sum() + 1)


def voxel_weight(labels: Tensor, liver: Tensor, *, outside: float, lesion_power: float) -> Tensor:
    """How much each voxel counts, (B, N); sums to two, or one in a batch without lesions.

    The voxels outside lesions share one, those of the liver alike and those beyond it ``outside`` as much. The lesions
    of the batch share the other, each of n voxels in proportion to n^``lesion_power``, so that a lesion of four voxels
    is drowned neither by one of a thousand nor by the liver around it (our choice).
    """
    around = torch.where(liver, 1.0, outside).masked_fill(labels > 0, 0.0)
    return around / around.sum().clamp(min=1e-6) + lesion_weight(labels, lesion_power)


def lesion_weight(labels: Tensor, power: float) -> Tensor:
    """Weight of the voxels in lesions (B, N), see ``voxel_weight``; zero outside them."""
    rows = []
    for lesions in labels:
        sizes = torch.bincount(lesions).clamp(min=1).float()
        rows.append((sizes ** (power - 1))[lesions].masked_fill(lesions == 0, 0.0))
    weight = torch.stack(rows)
    return weight / weight.sum().clamp(min=1e-6)
