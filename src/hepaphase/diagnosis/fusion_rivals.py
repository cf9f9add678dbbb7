"""Other ways of fusing phases, to hold LIDIA's iterative fusion against (LIDIA, table 2). B batch, C channels."""

import torch
from torch import Tensor, nn

from ..nn.conv import ConvNormAct
from .fusion import PhaseFeatures, PhaseStem

Part = tuple[int, Tensor, Tensor]
"""Index of a phase, the studies that have it, and their maps."""


class StackedStem(nn.Module):
    """Early stacking: one stem reads all phases side by side; what is missing is zero (nnU-Net's way)."""

    def __init__(self, stem: PhaseStem) -> None:
        super().__init__()
        self.stem = stem

    def forward(self, x: Tensor, present: Tensor) -> list[PhaseFeatures]:
        """One part for the whole batch, from ``x`` (B, P, W, z, y, x) and ``present`` (B, P)."""
        there = present[:, :, None, None, None, None]
        stacked = torch.where(there, x, torch.zeros((), dtype=x.dtype, device=x.device)).flatten(1, 2)
        return [PhaseFeatures(0, torch.arange(len(x), device=x.device), *self.stem(stacked))]


class MomentFusion(nn.Module):
    """HeMIS (Havaei et al. 2016): mean and variance over the phases that are there, which no order enters.

    The variance is zero where there is one phase, and divided by n - 1 elsewhere, as in HeMIS.
    """

    def __init__(self, operator: ConvNormAct) -> None:
        """``operator`` takes mean and variance, 2 C channels, to C."""
        super().__init__()
        self.operator = operator

    def forward(self, parts: list[Part], num_batch: int) -> Tensor:
        """The fused map (B, C, z, y, x)."""
        shape = (num_batch, *parts[0][2].shape[1:])
        total, count = parts[0][2].new_zeros(shape), parts[0][2].new_zeros((num_batch, 1, 1, 1, 1))
        for _, rows, feature in parts:
            total, count = total.index_add(0, rows, feature), count.index_add(0, rows, torch.ones_like(count[rows]))
        mean = total / count
        squares = torch.zeros_like(total)
        for _, rows, feature in parts:
            squares = squares.index_add(0, rows, (feature - mean[rows]).square())
        fused: Tensor = self.operator(torch.cat([mean, squares / (count - 1).clamp(min=1)], dim=1))
        return fused


class ConvLstmFusion(nn.Module):
    """A convolutional LSTM over the phases that are there, in order of time; its last hidden state (Shi et al. 2015).

    Cell and hidden state start at zero; there are no peepholes (our choice, as is usual).
    """

    def __init__(self, num_channels: int, *, kernel: int = 3) -> None:
        super().__init__()
        self.gates = nn.Conv3d(2 * num_channels, 4 * num_channels, kernel, padding=kernel // 2)

    def forward(self, parts: list[Part], num_batch: int) -> Tensor:
        """The fused map (B, C, z, y, x)."""
        hidden = parts[0][2].new_zeros((num_batch, *parts[0][2].shape[1:]))
        cell = torch.zeros_like(hidden, dtype=torch.float32)
        for _, rows, feature in parts:
            gates = self.gates(torch.cat([feature, hidden[rows].to(feature.dtype)], dim=1)).float()
            keep, take, show, new = gates.chunk(4, dim=1)
            now = keep.sigmoid() * cell[rows] + take.sigmoid() * new.tanh()
            cell = cell.index_copy(0, rows, now)
            hidden = hidden.index_copy(0, rows, (show.sigmoid() * now.tanh()).to(hidden.dtype))
        return hidden
