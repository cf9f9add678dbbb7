"""Which query answers for which lesion. Q queries, K lesions, P points."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from .query_decoder import QueryOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class CostConfig:
    """Weights of the matching costs: PLAN's (the paper is silent)."""

    class_weight: float = 2.0
    mask_weight: float = 5.0
    dice_weight: float = 5.0


@torch.no_grad()
def mask_cost(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy and Dice cost (Q, K) of mask ``logits`` (Q, P) against ``target`` (K, P) in {0, 1}.

    log(1 + e^x) - x t is the cross-entropy, so one product with the targets serves all pairs.
    """
    logits, target = logits.float(), target.float()
    entropy = (torch.nn.functional.softplus(logits).sum(1)[:, None] - logits @ target.T) / logits.shape[1]
    share = logits.sigmoid()
    dice = 1 - (2 * (share @ target.T) + 1) / (share.sum(1)[:, None] + target.sum(1)[None] + 1)
    return entropy, dice


@torch.no_grad()
def match(output: QueryOutput, index: int, logits: Tensor, target: Tensor, classes: Tensor, cost: CostConfig) -> Tensor:
    """The query (K,) assigned to each lesion of study ``index``, at the least total cost (Hungarian method).

    ``logits`` (Q, P) at the points where the lesions' masks ``target`` (K, P) are known; ``classes`` (K,).
    """
    entropy, dice = mask_cost(logits, target)
    probability = output.class_logits[index].float().softmax(1)[:, classes]
    total = cost.class_weight * -probability + cost.mask_weight * entropy + cost.dice_weight * dice
    return assign(total).to(classes.device)


def assign(cost: Tensor) -> Tensor:
    """The row (K,) given to each column of ``cost`` (Q, K), Q >= K, so that the sum is least."""
    rows, columns = linear_sum_assignment(np.nan_to_num(cost.cpu().numpy(), nan=1e6, posinf=1e6, neginf=-1e6))
    chosen = np.empty(cost.shape[1], dtype=np.int64)
    chosen[columns] = rows
    return torch.from_numpy(chosen)
