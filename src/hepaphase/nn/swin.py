"""Swin blocks in three dimensions (Liu et al. 2021). B batch, C channels, H heads, W voxels of a window."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

Size = tuple[int, int, int]


class WindowAttention(nn.Module):
    """Self-attention within windows, with a learned bias for every distance between two voxels of one."""

    distance: Tensor

    def __init__(self, num_channels: int, num_heads: int, window: Size) -> None:
        super().__init__()
        self.num_heads, self.window = num_heads, window
        self.qkv, self.out = nn.Linear(num_channels, 3 * num_channels), nn.Linear(num_channels, num_channels)
        spans = [2 * n - 1 for n in window]
        self.bias = nn.Parameter(torch.zeros(math.prod(spans), num_heads))
        nn.init.trunc_normal_(self.bias, std=0.02)

    def forward(self, windows: Tensor, size: Size, allowed: Tensor | None = None) -> Tensor:
        """Windows (N, W, C) of ``size``, no larger than the one it was made for; ``allowed`` (windows, W, W)."""
        number, voxels, channels = windows.shape
        heads = self.qkv(windows).reshape(number, voxels, 3, self.num_heads, channels // self.num_heads)
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        bias = self.bias[self._distances(size, windows.device)].permute(2, 0, 1)[None]  # (1, H, W, W)
        if allowed is not None:
            repeats = number // len(allowed)
            bias = bias.masked_fill(~allowed[:, None], -100.0).repeat(repeats, 1, 1, 1)
        read = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias.expand(number, -1, -1, -1).to(q.dtype))
        out: Tensor = self.out(read.transpose(1, 2).flatten(2))
        return out

    def _distances(self, size: Size, device: torch.device) -> Tensor:
        """Row of the bias table for every pair of voxels, (W, W)."""
        axes = [torch.arange(n, device=device) for n in size]
        places = torch.stack(torch.meshgrid(*axes, indexing="ij")).flatten(1)
        apart = places[:, :, None] - places[:, None, :]
        row = torch.zeros_like(apart[0])
        for axis, full in enumerate(self.window):
            row = row * (2 * full - 1) + apart[axis] + full - 1
        return row


class SwinBlock(nn.Module):
    """Layer norm, window attention, layer norm, two linear layers; windows shifted by half where asked."""

    def __init__(
        self, num_channels: int, num_heads: int, window: Size, *, shifted: bool, mlp_ratio: int = 4, drop: float = 0.0
    ) -> None:
        super().__init__()
        self.window, self.shifted, self.drop = window, shifted, drop
        self.before, self.after = nn.LayerNorm(num_channels), nn.LayerNorm(num_channels)
        self.attention = WindowAttention(num_channels, num_heads, window)
        hidden = mlp_ratio * num_channels
        self.mlp = nn.Sequential(nn.Linear(num_channels, hidden), nn.GELU(), nn.Linear(hidden, num_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as ``x``, (B, z, y, x, C)."""
        x = x + self._kept(self._attend(self.before(x)))
        return x + self._kept(self.mlp(self.after(x)))

    def _attend(self, x: Tensor) -> Tensor:
        shape: Size = (x.shape[1], x.shape[2], x.shape[3])
        size = fitting_window(shape, self.window)
        steps = [w // 2 if self.shifted and n > w else 0 for n, w in zip(shape, size, strict=True)]
        if any(steps):
            x = torch.roll(x, [-s for s in steps], dims=(1, 2, 3))
        allowed = _same_region(shape, size, steps, x.device) if any(steps) else None
        seen = self.attention(_split(x, size), size, allowed)
        joined = _join(seen, shape, size, len(x))
        return torch.roll(joined, steps, dims=(1, 2, 3)) if any(steps) else joined

    def _kept(self, branch: Tensor) -> Tensor:
        """Drop path: the branch of some exams is left out in training (Huang et al. 2016)."""
        if not self.training or self.drop == 0:
            return branch
        keep = torch.rand(len(branch), 1, 1, 1, 1, device=branch.device) >= self.drop
        return branch * keep / (1 - self.drop)


def fitting_window(shape: Size, window: Size) -> Size:
    """The window, made smaller along axes that it does not divide: to the greatest common divisor."""
    z, y, x = (math.gcd(n, w) for n, w in zip(shape, window, strict=True))
    return (z, y, x)


def _split(x: Tensor, size: Size) -> Tensor:
    """(B, z, y, x, C) as windows (B * windows, W, C)."""
    batch, z, y, w, channels = x.shape
    a, b, c = size
    x = x.reshape(batch, z // a, a, y // b, b, w // c, c, channels)
    return x.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(-1, a * b * c, channels)


def _join(windows: Tensor, shape: Size, size: Size, batch: int) -> Tensor:
    """Undo of :func:`_split`."""
    (z, y, w), (a, b, c) = shape, size
    x = windows.reshape(batch, z // a, y // b, w // c, a, b, c, -1)
    return x.permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(batch, z, y, w, -1)


def _same_region(shape: Size, size: Size, steps: list[int], device: torch.device) -> Tensor:
    """Which voxels of a window lay together before the shift rolled the far side in, bool (windows, W, W)."""
    label = torch.zeros(1, *shape, 1, device=device)
    for axis, (n, w, step) in enumerate(zip(shape, size, steps, strict=True)):
        if step:
            place = torch.arange(n, device=device)
            part = (place >= n - w).float() + (place >= n - step).float()
            view = [1] * 5
            view[axis + 1] = n
            label = 3 * label + part.reshape(view)
    windows = _split(label.expand(1, *shape, 1), size)[..., 0]
    return windows[:, :, None] == windows[:, None, :]
