"""Queries that start where the semantic branch already sees a lesion (PLAN). B batch, A anchors, E embedding."""

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn

THRESHOLD = 0.1
"""A voxel counts when its lesion classes sum to more (PLAN)."""
MIN_VOXELS = 2
"""Smallest component: 113 mm^3 at 4 mm. PLAN asks for more than 10 voxels of its finer grid."""


class AnchorQueries(nn.Module):
    """One query per connected component of the semantic branch's lesions, largest first; learnable ones fill up.

    A query is the mean mask feature of its component, brought to the width of the queries.
    """

    def __init__(self, num_anchors: int, num_embedding: int, width: int) -> None:
        super().__init__()
        self.spare = nn.Embedding(num_anchors, width)
        self.project = nn.Linear(num_embedding, width)

    def forward(self, mask_features: Tensor, voxel_logits: Tensor) -> Tensor:
        """Queries (B, A, D) from (B, E, z, y, x) and (B, K + 1, z, y, x), background last."""
        number = self.spare.num_embeddings
        lesion = 1 - voxel_logits.detach().float().softmax(1)[:, -1]
        rows = []
        for features, seen in zip(mask_features, lesion, strict=True):
            means = component_means(features, components(seen > THRESHOLD, at_most=number))
            rows.append(torch.cat([self.project(means), self.spare.weight[len(means) :]]))
        return torch.stack(rows)


def components(mask: Tensor, *, at_most: int) -> Tensor:
    """Connected components (26 neighbors) of a boolean ``mask`` (z, y, x), numbered 1 ... from the largest."""
    labels, _ = ndimage.label(mask.cpu().numpy(), structure=np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest = np.argsort(-sizes, kind="stable")[:at_most]
    kept = [number for number in largest if sizes[number] >= MIN_VOXELS]
    renumber = np.zeros(len(sizes), dtype=np.int64)
    renumber[kept] = np.arange(1, len(kept) + 1)
    return torch.from_numpy(renumber[labels]).to(mask.device)


def component_means(features: Tensor, labels: Tensor) -> Tensor:
    """Mean of ``features`` (E, z, y, x) over each of ``labels`` 1 ... A: (A, E)."""
    flat, ids = features.flatten(1).float(), labels.flatten()
    count = int(ids.max())
    sums = flat.new_zeros((count + 1, len(flat))).index_add(0, ids, flat.T)
    return sums[1:] / torch.bincount(ids, minlength=count + 1)[1:, None].clamp(min=1)
