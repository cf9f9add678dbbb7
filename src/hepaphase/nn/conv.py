"""Convolution blocks. Tensors are (B, C, z, y, x)."""

from typing import Literal

import torch
from torch import Tensor, nn

Norm = Literal["instance", "group", "batch", "none"]

GROUP_CHANNELS = 8
"""Channels per group of the group norm (our choice)."""


def make_norm(norm: Norm, num_channels: int) -> nn.Module:
    """The normalisation called ``norm``.

    ``group`` shares its mean and variance over eight channels; unlike ``instance`` it therefore keeps the relative
    level of channels, and with it the absolute HU that tells a cyst from a hypodense tumor. ``batch`` keeps it too,
    for it measures over all patients of a batch, and in use over all of the training.
    """
    if norm == "instance":
        return nn.InstanceNorm3d(num_channels, affine=True)
    if norm == "group":
        return nn.GroupNorm(max(1, num_channels // GROUP_CHANNELS), num_channels)
    if norm == "batch":
        return nn.BatchNorm3d(num_channels)
    return nn.Identity()


QUIET_BRANCH = 0.2
"""Start of a residual branch that no normalisation holds back, relative to its shortcut (in the spirit of Fixup)."""


def _convolution(num_in: int, num_out: int, kernel: int, *, stride: int = 1, norm: Norm) -> nn.Conv3d:
    """A convolution to be normalised by ``norm``; without one it starts at a variance that the next layer keeps."""
    conv = nn.Conv3d(num_in, num_out, kernel, stride=stride, padding=kernel // 2, bias=norm == "none")
    if norm == "none":
        nn.init.kaiming_normal_(conv.weight, a=0.01, nonlinearity="leaky_relu")
        assert conv.bias is not None
        nn.init.zeros_(conv.bias)
    return conv


class ConvNormAct(nn.Sequential):
    """3-D convolution, normalisation, LeakyReLU; keeps the size at stride 1, divides it by ``stride`` otherwise."""

    def __init__(self, num_in: int, num_out: int, *, kernel: int = 3, stride: int = 1, norm: Norm = "instance") -> None:
        super().__init__(
            _convolution(num_in, num_out, kernel, stride=stride, norm=norm),
            make_norm(norm, num_out),
            nn.LeakyReLU(0.01, inplace=True),
        )


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut, as in nnU-Net's residual encoder; keeps channels and size."""

    def __init__(self, num_channels: int, *, norm: Norm = "instance") -> None:
        super().__init__()
        self.first = ConvNormAct(num_channels, num_channels, norm=norm)
        self.second = _convolution(num_channels, num_channels, 3, norm=norm)
        self.norm = make_norm(norm, num_channels)
        if norm == "none":
            with torch.no_grad():
                self.second.weight.mul_(QUIET_BRANCH)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as ``x``."""
        return nn.functional.leaky_relu(x + self.norm(self.second(self.first(x))), 0.01)


def upsample_to(x: Tensor, like: Tensor) -> Tensor:
    """Nearest upsampling of ``x`` to the size of ``like`` (cheap; a convolution follows)."""
    return nn.functional.interpolate(x, size=like.shape[2:], mode="nearest")


def channels_last(x: Tensor) -> Tensor:
    """The same tensor in the memory order in which CPU convolutions are fastest."""
    return x.contiguous(memory_format=torch.channels_last_3d)
