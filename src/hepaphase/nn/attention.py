"""Attention blocks and positions. B batch, Q queries, N tokens, D width."""

import math

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention of queries over tokens, with shortcut and layer norm after it (post-norm)."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.norm = nn.LayerNorm(width)

    def forward(
        self, x: Tensor, tokens: Tensor, *, where_x: Tensor, where_tokens: Tensor, allowed: Tensor | None = None
    ) -> Tensor:
        """``x`` (B, Q, D) after attending ``tokens`` (B, N, D).

        Positions are added to queries and keys, not to values. ``allowed`` (B, Q, N) is true where a query may look;
        a query with nowhere to look would give NaN, so each row needs one true entry.
        """
        q = self._heads(self.query(x + where_x))
        k = self._heads(self.key(tokens + where_tokens))
        v = self._heads(self.value(tokens))
        mask = None if allowed is None else allowed[:, None]
        read = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        summed: Tensor = self.norm(x + self.out(read.transpose(1, 2).flatten(2)))
        return summed

    def _heads(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.num_heads, -1).transpose(1, 2)


class FeedForward(nn.Module):
    """Two linear layers with shortcut and layer norm after them."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, width))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """``x`` (B, Q, D) plus what the layers make of it."""
        summed: Tensor = self.norm(x + self.layers(x))
        return summed


def sine_positions(shape_zyx: tuple[int, int, int], width: int, *, device: torch.device | None = None) -> Tensor:
    """Fixed positions of the voxels of a grid, shape (N, width), in the order of ``flatten``.

    Each axis takes an equal share of the channels as sines and cosines of wavelengths from 2 to 2000 voxels
    (Vaswani 2017, section 3.5, extended to three axes); channels left over are zero.
    """
    num_waves = width // 6
    ratio = torch.arange(num_waves, device=device) / max(1, num_waves - 1)
    wavelength = 2.0 * 1000.0**ratio
    parts = []
    for axis, size in enumerate(shape_zyx):
        angle = torch.arange(size, device=device)[:, None] * (2 * math.pi / wavelength)
        wave = torch.cat([angle.sin(), angle.cos()], dim=1)
        view = [1, 1, 1, wave.shape[1]]
        view[axis] = size
        parts.append(wave.reshape(view).expand(*shape_zyx, -1))
    grid = torch.cat(parts, dim=3).flatten(0, 2)
    return nn.functional.pad(grid, (0, width - grid.shape[1]))
