"""The patient as a whole (PLAN): memory tokens that read the pyramid, and one logit per class. B batch, K classes."""

import torch
from torch import Tensor, nn

from ..nn.attention import sine_positions


class PatientBranch(nn.Module):
    """PLAN's has 192 tokens of width 128, four dual-path blocks and dropout 0.2; it reads four maps of the network.

    Ours reads the levels that the queries read, one a block, coarse to fine and over again. The way back from memory to
    voxels, the other half of a dual path, is left out: nothing would read it (our choice).
    """

    def __init__(
        self, layers: nn.ModuleList, *, num_memory: int, width: int, num_classes: int, dropout: float = 0.0
    ) -> None:
        """``layers`` are ``DecoderLayer``."""
        super().__init__()
        self.layers = layers
        self.content = nn.Embedding(num_memory, width)
        self.place = nn.Embedding(num_memory, width)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(width, num_classes)

    def forward(self, levels: list[Tensor]) -> Tensor:
        """Logits (B, K) of 'has such a lesion', from maps (B, D, z, y, x)."""
        memory = self.content.weight.expand(len(levels[0]), -1, -1)
        where = self.place.weight.expand(len(levels[0]), -1, -1)
        for index, layer in enumerate(self.layers):
            level = levels[index % len(levels)]
            tokens = level.flatten(2).transpose(1, 2)
            z, y, x = level.shape[2:]
            places = sine_positions((z, y, x), tokens.shape[2], device=memory.device).expand_as(tokens)
            memory = self.dropout(layer(memory, where, tokens, places, None))
        logits: Tensor = self.classify(memory.mean(1))
        return logits


def patient_targets(labels: Tensor, classes: tuple[Tensor, ...], *, num_classes: int, full_voxels: int) -> Tensor:
    """Soft targets (B, K): voxels of the class, shared by ``full_voxels``, at most one (PLAN: 100 of its voxels).

    ``labels`` (B, z, y, x), 0 outside and k for the k-th lesion; ``classes`` per study (L,).
    """
    rows = []
    for volume, own in zip(labels, classes, strict=True):
        sizes = torch.bincount(volume.flatten(), minlength=len(own) + 1)[1 : len(own) + 1].float()
        rows.append(sizes.new_zeros(num_classes).index_add(0, own, sizes))
    return (torch.stack(rows) / full_voxels).clamp(max=1.0)


def patient_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean binary cross-entropy of ``logits`` against soft ``target`` (B, K)."""
    return nn.functional.binary_cross_entropy_with_logits(logits.float(), target)


def consistency(patient_logits: Tensor, class_logits: Tensor) -> Tensor:
    """Mean squared difference between the patient's probabilities and the best query's, per class (after PLAN).

    ``patient_logits`` (B, K), ``class_logits`` (B, Q, K + 1), no object last.
    """
    found = class_logits.float().softmax(2)[..., :-1].amax(1)
    return (patient_logits.float().sigmoid() - found).square().mean()
