"""Masked-attention query decoder (Mask2Former, arXiv 2112.01527). B batch, Q queries, K classes, E embedding."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..nn.attention import Attention, FeedForward, sine_positions
from .known_facts import beside


class DecoderLayer(nn.Module):
    """Look at the voxels inside one's own mask, then at the other queries, then think."""

    def __init__(self, width: int, *, num_heads: int, hidden: int) -> None:
        super().__init__()
        self.look = Attention(width, num_heads)
        self.talk = Attention(width, num_heads)
        self.think = FeedForward(width, hidden)

    def forward(self, queries: Tensor, where: Tensor, tokens: Tensor, places: Tensor, allowed: Tensor | None) -> Tensor:
        """Queries (B, Q, D) and tokens (B, N, D) with their positions; ``allowed`` (B, Q, N), or all."""
        queries = self.look(queries, tokens, where_x=where, where_tokens=places, allowed=allowed)
        queries = self.talk(queries, queries, where_x=where, where_tokens=where)
        thought: Tensor = self.think(queries)
        return thought


class QueryHeads(nn.Module):
    """What a query says: its class and its mask embedding. Shared by all layers, for deep supervision."""

    def __init__(self, width: int, *, num_outputs: int, num_embedding: int) -> None:
        """``num_outputs`` is the number of classes plus one for no object, the last."""
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.classify = nn.Linear(width, num_outputs)
        self.embed = nn.Sequential(
            nn.Linear(width, width),
            nn.ReLU(inplace=True),
            nn.Linear(width, width),
            nn.ReLU(inplace=True),
            nn.Linear(width, num_embedding),
        )
        self.bias = nn.Linear(width, 1)
        nn.init.zeros_(self.bias.weight)
        nn.init.constant_(self.bias.bias, -2.0)

    def forward(self, queries: Tensor) -> "QueryOutput":
        """The answers of ``queries`` (B, Q, D)."""
        normed = self.norm(queries)
        return QueryOutput(self.classify(normed), self.embed(normed), self.bias(normed), normed)


@dataclass(frozen=True, slots=True)
class QueryOutput:
    """The answers of all queries after one layer."""

    class_logits: Tensor
    """(B, Q, K + 1), no object last."""
    embedding: Tensor
    """(B, Q, E); its product with a voxel's feature, plus ``bias``, is the mask logit."""
    bias: Tensor
    """(B, Q, 1). Starts at -2, since most voxels belong to no lesion (our choice)."""
    queries: Tensor
    """(B, Q, D), normalised: what a contrastive loss would project."""

    def mask_logits(self, features: Tensor) -> Tensor:
        """Mask logits (B, Q, N) at voxels with ``features`` (B, E, N)."""
        return torch.einsum("bqe,ben->bqn", self.embedding.float(), features.float()) + self.bias.float()


class QueryDecoder(nn.Module):
    """Learnable queries that read the pyramid from coarse to fine, one level per layer."""

    def __init__(
        self,
        layers: nn.ModuleList,
        heads: QueryHeads,
        *,
        num_queries: int,
        num_anchors: int = 0,
        width: int,
        num_levels: int,
    ):
        """``num_anchors`` queries come from outside, behind the learnable ones."""
        super().__init__()
        self.layers = layers
        self.heads = heads
        self.content = nn.Embedding(num_queries, width)
        self.place = nn.Embedding(num_queries + num_anchors, width)
        self.level = nn.Embedding(num_levels, width)

    def forward(
        self,
        levels: list[Tensor],
        mask_features: Tensor,
        anchors: Tensor | None = None,
        facts: tuple[Tensor, Tensor] | None = None,
    ) -> list[QueryOutput]:
        """Answers before the first layer and after each, the last one final.

        ``levels`` are (B, D, z, y, x) from coarse to fine; ``mask_features`` (B, E, z, y, x) at mask resolution;
        ``anchors`` (B, A, D) where there are any; ``facts`` as ``ClinicalTokens`` gives, looked at beside the voxels.
        """
        num_batch = len(mask_features)
        queries = self.content.weight.expand(num_batch, -1, -1)
        if anchors is not None:
            queries = torch.cat([queries, anchors.to(queries.dtype)], dim=1)
        where = self.place.weight.expand(num_batch, -1, -1)
        outputs = [self.heads(queries)]
        seen = pooled(mask_features, [_shape(level) for level in levels])
        for index, layer in enumerate(self.layers):
            level = index % len(levels)
            tokens = levels[level].flatten(2).transpose(1, 2) + self.level.weight[level]
            places = sine_positions(_shape(levels[level]), tokens.shape[2], device=tokens.device)
            allowed = allowed_voxels(outputs[-1], seen[level])
            queries = layer(queries, where, *beside(tokens, places.expand_as(tokens), allowed, facts))
            outputs.append(self.heads(queries))
        return outputs


@torch.no_grad()
def pooled(mask_features: Tensor, shapes_zyx: list[tuple[int, int, int]]) -> list[Tensor]:
    """Mask features averaged over the voxels of each level, (B, E, N); the shapes from coarse to fine.

    Each is made from the one after it, the last from (B, E, z, y, x) at mask resolution, all of which it must divide.
    """
    maps: list[Tensor] = []
    finer = mask_features.detach()
    for shape in reversed(shapes_zyx):
        size = tuple(fine // coarse for fine, coarse in zip(finer.shape[2:], shape, strict=True))
        finer = nn.functional.avg_pool3d(finer, size).float()
        maps.append(finer.flatten(2))
    return maps[::-1]


@torch.no_grad()
def allowed_voxels(output: QueryOutput, features: Tensor) -> Tensor:
    """Where each query may look, (B, Q, N): inside its own mask, or everywhere if that is empty.

    ``features`` (B, E, N) are those of ``pooled``. The logits are linear in the features, so averaging the features
    over a coarse voxel averages the logits.
    """
    inside = output.mask_logits(features) > 0
    return inside | ~inside.any(dim=2, keepdim=True)


def _shape(x: Tensor) -> tuple[int, int, int]:
    z, y, w = x.shape[2:]
    return (z, y, w)
