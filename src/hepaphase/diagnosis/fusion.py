"""Iterative fusion of the phases that are there (LIDIA, section 2.2, equations 1 and 2). B batch, P phases."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..nn.conv import QUIET_BRANCH, ConvNormAct, channels_last


@dataclass(frozen=True, slots=True)
class PhaseFeatures:
    """What the stem of one phase gives, for the studies that have that phase."""

    index: int
    """Of the phase, in order of time."""
    rows: Tensor
    """Which studies of the batch have it."""
    fine: Tensor
    """(len(rows), C1, z, y, x), after the first block."""
    coarse: Tensor
    """(len(rows), C, z', y', x'), after the second."""


class PhaseStem(nn.Module):
    """Two convolution blocks that read one phase (equation 1).

    The paper reads both at full resolution. In ours the second may have stride 2, so that everything after it costs an
    eighth; its first block's features then serve as a full-resolution shortcut to the masks (our choice).
    """

    def __init__(self, first: ConvNormAct, second: ConvNormAct) -> None:
        super().__init__()
        self.first = first
        self.second = second

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features of ``x`` (B, W, z, y, x) after the first and after the second block."""
        fine = self.first(channels_last(x))
        return fine, self.second(fine)


class PhaseStems(nn.ModuleList):
    """One stem per phase, in order of time."""

    def forward(self, x: Tensor, present: Tensor) -> list[PhaseFeatures]:
        """Features of every phase that some study has, from ``x`` (B, P, W, z, y, x) and ``present`` (B, P)."""
        parts = []
        for index, stem in enumerate(self):
            rows = present[:, index].nonzero().flatten()
            if len(rows):
                parts.append(PhaseFeatures(index, rows, *stem(x[rows, index])))
        return parts


class IterativeFusion(nn.Module):
    """Fold the features of the phases into one map, in order of time (equation 2).

    h starts as the features of the first phase that is there; each later phase p that is there gives
    h <- operator(concat(h, h_p)). The paper starts from the non-contrast phase and defines nothing shorter than
    NC, A, V; starting from the first phase present is our choice, so that every non-empty subset works. The paper does
    not say whether the operator is shared between steps: we share it by default, since equation 2 gives it no index.
    """

    def __init__(self, operators: nn.ModuleList) -> None:
        """``operators`` is one shared by all steps, or one per phase but the first."""
        super().__init__()
        self.operators = operators

    def forward(self, parts: list[tuple[int, Tensor, Tensor]], num_batch: int) -> Tensor:
        """The fused map (B, C, z, y, x) of ``parts``: per phase its index, the studies that have it, and their maps.

        Every study must have at least one phase. Studies are taken apart and put together again rather than written
        into one array, which keeps the memory order in which convolutions are fastest.
        """
        fused: dict[int, Tensor] = {}
        for index, rows, feature in parts:
            here = dict(zip(rows.tolist(), feature.chunk(len(rows)), strict=True))
            started = [row for row in here if row in fused]
            if started:
                before, now = torch.cat([fused[row] for row in started]), torch.cat([here[row] for row in started])
                stepped = self._operator(index)(torch.cat([before, now], dim=1))
                here |= dict(zip(started, stepped.chunk(len(started)), strict=True))
            fused |= here
        assert len(fused) == num_batch, "a study without any phase"
        return torch.cat([fused[row] for row in range(num_batch)])

    def _operator(self, index: int) -> nn.Module:
        """What folds phase ``index`` into what came before it."""
        return self.operators[0 if len(self.operators) == 1 else index - 1]


def start_as_mean(operator: ConvNormAct) -> None:
    """Let an operator on two maps side by side, 2 C channels to C, begin nearly as their mean (our choice).

    A random one mixes what came before with itself at every step, so that at the start of training the first phase has
    passed through as many of them as there are later phases.
    """
    convolution = operator[0]
    assert isinstance(convolution, nn.Conv3d)
    num = convolution.out_channels
    middle = tuple(size // 2 for size in convolution.kernel_size)
    with torch.no_grad():
        convolution.weight.mul_(QUIET_BRANCH)
        for half in (0, num):
            for channel in range(num):
                convolution.weight[channel, channel + half, middle[0], middle[1], middle[2]] += 0.5
