"""nnU-Net-style encoder above the fused phases."""

from torch import Tensor, nn

from ..nn.conv import ConvNormAct, Norm, ResidualBlock


class Stage(nn.Sequential):
    """Halve the size by a strided convolution, then ``num_blocks`` residual blocks."""

    def __init__(self, num_in: int, num_out: int, *, num_blocks: int = 1, norm: Norm = "instance") -> None:
        blocks = (ResidualBlock(num_out, norm=norm) for _ in range(num_blocks))
        super().__init__(ConvNormAct(num_in, num_out, stride=2, norm=norm), *blocks)


class Encoder(nn.Module):
    """Stages one after the other; the fused map takes the place of nnU-Net's first stage (LIDIA, section 2.2)."""

    def __init__(self, stages: nn.ModuleList) -> None:
        super().__init__()
        self.stages = stages

    def forward(self, fused: Tensor) -> list[Tensor]:
        """Feature maps from fine to coarse, the fused map first."""
        features = [fused]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features
