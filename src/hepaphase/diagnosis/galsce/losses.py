"""Class-balanced focal loss and flooding."""

import torch
from torch import Tensor


def class_balance(counts: Tensor, *, beta: float = 0.999) -> Tensor:
    """Weight of each class (K,), (1 - beta) / (1 - beta^n) scaled to a mean of one over classes that occur.

    Cui et al. 2019: n examples are worth (1 - beta^n) / (1 - beta) different ones. A class without examples weighs
    zero. ``counts`` (K,).
    """
    number = counts.double()
    weight = torch.where(number > 0, (1 - beta) / (1 - beta ** number.clamp(min=1)), 0.0)
    return (weight * (number > 0).sum() / weight.sum().clamp(min=1e-12)).float()


def balanced_focal(logits: Tensor, target: Tensor, counts: Tensor, *, beta: float, gamma: float) -> Tensor:
    """Focal loss over the rows of ``logits`` (N, K) whose ``target`` (N,) is not negative; zero when none is.

    Rows are summed with the weight of their class and divided by their number, as Cui et al. do, so that a batch of a
    common class counts less than one of a rare class.
    """
    asked = target >= 0
    if not asked.any():
        return logits.sum() * 0.0
    wanted = target[asked]
    log_p = logits[asked].float().log_softmax(1).gather(1, wanted[:, None])[:, 0]
    weight = class_balance(counts, beta=beta)[wanted]
    return (-((1 - log_p.exp()) ** gamma) * log_p * weight).mean()


def flood(loss: Tensor, level: float) -> Tensor:
    """|loss - level| + level (Ishida et al. 2020): below the level, training climbs back up to it."""
    return (loss - level).abs() + level
