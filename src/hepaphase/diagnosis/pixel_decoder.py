"""Feature pyramid from coarse to fine (LIDIA, implementation details)."""

from torch import Tensor, nn

from ..nn.conv import ConvNormAct, Norm, upsample_to


class PixelDecoder(nn.Module):
    """A feature pyramid: each level adds its own features to the upsampled ones below and smooths the sum.

    All levels but the finest have the query decoder's width; the finest has ``num_finest`` channels, since at its size
    a convolution costs eight times as much (our choice).
    """

    def __init__(self, num_features: tuple[int, ...], *, width: int, num_finest: int, norm: Norm = "instance") -> None:
        """``num_features`` channels of the encoder's maps, from fine to coarse."""
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv3d(c, width, 1) for c in num_features[1:])
        self.smooth = nn.ModuleList(ConvNormAct(width, width, norm=norm) for _ in num_features[1:])
        self.reduce = nn.Conv3d(width, num_finest, 1)
        self.finest_lateral = nn.Conv3d(num_features[0], num_finest, 1)
        self.finest_smooth = ConvNormAct(num_finest, num_finest, norm=norm)

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        """Maps from coarse to fine for the queries to look at, and the finest map."""
        levels: list[Tensor] = []
        for index in reversed(range(len(self.lateral))):
            summed = self.lateral[index](features[index + 1])
            if levels:
                summed = summed + upsample_to(levels[-1], summed)
            levels.append(self.smooth[index](summed))
        finest = self.finest_lateral(features[0])
        finest = finest + upsample_to(self.reduce(levels[-1]), finest)
        return levels, self.finest_smooth(finest)
