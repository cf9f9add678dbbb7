"""A small U-Net without normalization, steered by a condition. B batch, C channels, K condition, (z, y, x) space."""

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.01
"""Of the leaky rectifier."""
GRID_MULTIPLE = 8
"""Sizes along each axis must be multiples of this: three halvings."""


class FilmBlock(nn.Module):
    """Residual block whose inner features are scaled and shifted by the condition (FiLM, Perez et al. 2018).

    There is no normalization, since the level of the signal in HU is what is to be read; instead the block starts as
    the identity (its last convolution is zero), which keeps a deep stack trainable (Fixup, Zhang et al. 2019).
    """

    def __init__(self, num_channels: int, num_condition: int) -> None:
        super().__init__()
        self.first = nn.Conv3d(num_channels, num_channels, 3, padding=1)
        self.second = nn.Conv3d(num_channels, num_channels, 3, padding=1)
        self.film = nn.Linear(num_condition, 2 * num_channels)
        for parameter in (*self.second.parameters(), *self.film.parameters()):
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Shapes (B, C, z, y, x) and (B, K) to (B, C, z, y, x)."""
        scale, shift = self.film(condition)[:, :, None, None, None].chunk(2, dim=1)
        hidden = self.first(functional.leaky_relu(x, SLOPE))
        hidden = functional.leaky_relu(hidden * (1 + scale) + shift, SLOPE)
        change: Tensor = self.second(hidden)
        return x + change


class Attention(nn.Module):
    """Weighted means over space, one per head, where each head learns where to look (an aorta, a spleen)."""

    def __init__(self, num_channels: int, num_heads: int) -> None:
        super().__init__()
        self.score = nn.Conv3d(num_channels, num_heads, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, C, z, y, x) to (B, heads * C)."""
        weights = self.score(x).float().flatten(2).softmax(dim=-1)
        return torch.einsum("bhv,bcv->bhc", weights, x.float().flatten(2)).flatten(1)


class FilmUNet(nn.Module):
    """Features per voxel, and a summary of the whole volume that steers how they are decoded.

    Its widest features are at half resolution and below, where a convolution costs an eighth; two narrow convolutions
    at full resolution beside the input itself keep edges and small lesions.
    """

    def __init__(
        self, num_in: int, *, channels: tuple[int, int, int], num_fine: int, num_condition: int, num_heads: int = 8
    ) -> None:
        super().__init__()
        high, middle, low = channels
        self.stem = nn.Conv3d(num_in, high, 4, stride=2, padding=1)
        self.encode_high = FilmBlock(high, num_condition)
        self.to_middle = nn.Conv3d(high, middle, 2, stride=2)
        self.encode_middle = nn.ModuleList(FilmBlock(middle, num_condition) for _ in range(2))
        self.to_low = nn.Conv3d(middle, low, 2, stride=2)
        self.bottom = nn.ModuleList(FilmBlock(low, num_condition) for _ in range(2))
        self.attention = Attention(high + num_in, num_heads)
        num_seen = num_heads * (high + num_in) + low + num_condition
        self.summarize = nn.Sequential(nn.Linear(num_seen, 128), nn.LeakyReLU(SLOPE), nn.Linear(128, num_condition))
        self.from_low = nn.ConvTranspose3d(low, middle, 2, stride=2)
        self.decode_middle = FilmBlock(middle, num_condition)
        self.from_middle = nn.ConvTranspose3d(middle, high, 2, stride=2)
        self.decode_high = FilmBlock(high, num_condition)
        self.from_high = nn.ConvTranspose3d(high, num_fine, 2, stride=2)
        self.mix_fine = nn.Conv3d(num_fine + num_in, num_fine, 3, padding=1)
        self.decode_fine = FilmBlock(num_fine, num_condition)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Features per voxel and the summary.

        Args:
            x: shape (B, num_in, z, y, x), sizes multiples of ``GRID_MULTIPLE``.
            condition: what is known about the volume beside its voxels, shape (B, K).

        Returns:
            Features (B, num_fine, z, y, x) and summary (B, K).
        """
        # encode
        high = self.encode_high(self.stem(x), condition)
        middle = self.to_middle(high)
        for block in self.encode_middle:
            middle = block(middle, condition)
        low = self.to_low(middle)
        for block in self.bottom:
            low = block(low, condition)

        # summarize
        looked_at = torch.cat([high, functional.avg_pool3d(x, 2)], dim=1)
        seen = [self.attention(looked_at), low.float().mean(dim=(2, 3, 4)), condition]
        summary = condition + self.summarize(torch.cat(seen, dim=1))

        # decode, in the light of the summary
        middle = self.decode_middle(middle + self.from_low(low), summary)
        high = self.decode_high(high + self.from_middle(middle), summary)
        fine = self.mix_fine(torch.cat([self.from_high(high), x], dim=1))
        return self.decode_fine(fine, summary), summary
