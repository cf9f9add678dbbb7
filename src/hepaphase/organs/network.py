"""A small 3-D U-Net that looks at the whole trunk at 6 mm."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..base.errors import ConfigError
from .table import CLASSES

# B batch, C classes, Z Y X voxels

_WINDOWS_HU = ((-200.0, 300.0, 50.0, 150.0), (-1000.0, 1500.0, 0.0, 500.0))
"""Each (lowest, highest, subtracted, divided by): soft tissue in detail, and everything from air to bone."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Sizes of the network.

    Raises:
        ConfigError: for no level, or a width below one.
    """

    channels: tuple[int, ...] = (16, 32, 64, 128)
    """Features at each level, finest first; each level halves the resolution."""
    spacing_mm: float = 6.0
    """Of the voxels it sees. 6 mm with soft edges costs 1.3 % of Dice at 0.7 mm and a sixth of the time of 3 mm."""

    def __post_init__(self) -> None:
        if not self.channels or min(self.channels) < 1:
            raise ConfigError(f"channels must be positive numbers, got {self.channels}.")
        if self.spacing_mm <= 0:
            raise ConfigError(f"spacing_mm must be positive, got {self.spacing_mm}.")

    @property
    def multiple(self) -> int:
        """Every axis of the input must be a multiple of this."""
        return int(2 ** (len(self.channels) - 1))


class OrganNetwork(nn.Module):
    """HU in, one logit per organ class and voxel out (Ronneberger et al. 2015, with instance norm as in nnU-Net)."""

    def __init__(self, config: NetworkConfig, *, num_classes: int = len(CLASSES)) -> None:
        super().__init__()
        self.config = config
        widths = config.channels
        before = (len(_WINDOWS_HU), *widths[:-1])
        self.encoder = nn.ModuleList(
            nn.Sequential(_block(narrow, wide, stride=1 if level == 0 else 2), _block(wide, wide))
            for level, (narrow, wide) in enumerate(zip(before, widths, strict=True))
        )
        self.decoder = nn.ModuleList(_block(a + b, a) for a, b in pairwise(widths))
        self.head = nn.Conv3d(widths[0], num_classes, 1)

    def forward(self, hu: Tensor) -> Tensor:
        """Logits (B, C, Z, Y, X) of HU (B, Z, Y, X); every axis a multiple of ``config.multiple``."""
        features = _windows(hu)
        skips = []
        for stage in self.encoder:
            features = stage(features)
            skips.append(features)
        for stage, skip in zip(reversed(self.decoder), reversed(skips[:-1]), strict=True):
            features = stage(torch.cat([functional.interpolate(features, scale_factor=2), skip], dim=1))
        logits: Tensor = self.head(features)
        return logits


def _windows(hu: Tensor) -> Tensor:
    return torch.stack([(hu.clamp(low, high) - middle) / scale for low, high, middle, scale in _WINDOWS_HU], dim=1)


def _block(narrow: int, wide: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(narrow, wide, 3, stride=stride, padding=1, bias=False),
        nn.InstanceNorm3d(wide, affine=True),
        nn.LeakyReLU(0.1, inplace=True),
    )


def network_config(data: dict[str, object]) -> NetworkConfig:
    """From the JSON of a bundle."""
    channels, spacing = data.get("channels", ()), data.get("spacing_mm", 0.0)
    if not isinstance(channels, Sequence) or not isinstance(spacing, int | float):
        raise ConfigError(f"The configuration of an organs network cannot be {data}.")
    return NetworkConfig(channels=tuple(int(c) for c in channels), spacing_mm=float(spacing))
