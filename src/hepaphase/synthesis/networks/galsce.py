"""GALS-CE's networks, from the description in the literature notes: disentanglement, generator, critics.

No code of theirs was read or copied. What is not published is our reading and said where it is.
"""

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...base.errors import ConfigError
from ...nn.swin import SwinBlock

KNOTS_HU = (-1000.0, -100.0, 300.0, 1000.0)
LEVELS = (0.0, 0.2, 0.9, 1.0)
"""Their piecewise linear intensity map; twice it minus one is what networks see."""
STRIDES = ((1, 1, 1), (1, 2, 2), (2, 2, 2), (2, 2, 2))
"""Of the stem and the three stages below it."""
TOTAL_STRIDES = ((1, 1, 1), (1, 2, 2), (2, 4, 4), (4, 8, 8))


def to_level(hu: Tensor) -> Tensor:
    """HU to -1 .. 1; clipped outside -1000 to 1000 HU."""
    hu = hu.clamp(KNOTS_HU[0], KNOTS_HU[-1])
    out = torch.zeros_like(hu)
    for k in range(3):
        rise = (LEVELS[k + 1] - LEVELS[k]) / (KNOTS_HU[k + 1] - KNOTS_HU[k])
        out = out + rise * (hu - KNOTS_HU[k]).clamp(0, KNOTS_HU[k + 1] - KNOTS_HU[k])
    return 2 * out - 1


def to_hu(level: Tensor) -> Tensor:
    """Undo of :func:`to_level`."""
    share = ((level + 1) / 2).clamp(0, 1)
    out = torch.full_like(share, KNOTS_HU[0])
    for k in range(3):
        rise = (KNOTS_HU[k + 1] - KNOTS_HU[k]) / (LEVELS[k + 1] - LEVELS[k])
        out = out + rise * (share - LEVELS[k]).clamp(0, LEVELS[k + 1] - LEVELS[k])
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class GalsceConfig:
    """Sizes; the defaults are tiny, for tests. Theirs are ``PUBLISHED``.

    Raises:
        ConfigError: for sizes that attention cannot divide.
    """

    channels: tuple[int, int, int, int] = (4, 4, 8, 8)
    """At full resolution and after each stride."""
    num_blocks: int = 1
    """Swin residual blocks at the bottom of a decoder."""
    depth: int = 2
    """Swin layers a block, every second with shifted windows."""
    window: tuple[int, int, int] = (2, 4, 4)
    num_heads: int = 2
    drop_path: float = 0.05
    """Of the last layer; rises from zero."""
    num_phases: int = 3
    """Phases with contrast agent that one model may make; each has its own code (our choice; theirs: one a model)."""

    def __post_init__(self) -> None:
        if any(n < 1 or n % self.num_heads for n in self.channels) or self.num_blocks < 1:
            raise ConfigError(f"channels {self.channels} must be multiples of num_heads {self.num_heads}.")


PUBLISHED = GalsceConfig(channels=(16, 32, 64, 128), num_blocks=4, num_heads=8)


class Features(NamedTuple):
    """At full resolution and after each stride, each (B, C, z, y, x)."""

    scales: tuple[Tensor, Tensor, Tensor, Tensor]


class Encoder(nn.Module):
    """Stem of 3 x 5 x 5 and three strided stages: convolution, instance norm, ReLU."""

    def __init__(self, config: GalsceConfig) -> None:
        super().__init__()
        sizes = (1, *config.channels)
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv3d(before, after, (3, 5, 5) if k == 0 else 3, stride, padding=(1, 2, 2) if k == 0 else 1),
                nn.InstanceNorm3d(after, affine=True),
                nn.ReLU(),
            )
            for k, (before, after, stride) in enumerate(zip(sizes[:-1], sizes[1:], STRIDES, strict=True))
        )

    def forward(self, level: Tensor) -> Features:
        """Features of an image (B, 1, z, y, x) in -1 .. 1."""
        found = []
        for stage in self.stages:
            level = stage(level)
            found.append(level)
        return Features((found[0], found[1], found[2], found[3]))


class SwinStack(nn.Module):
    """Swin layers with a shortcut around them; (B, C, z, y, x) in and out."""

    def __init__(self, num_channels: int, config: GalsceConfig, drops: list[float]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(
                SwinBlock(num_channels, config.num_heads, config.window, shifted=bool(k % 2), drop=drop)
                for k, drop in enumerate(drops)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """The input plus what the layers make of it."""
        changed: Tensor = self.layers(x.permute(0, 2, 3, 4, 1)).permute(0, 4, 1, 2, 3)
        return x + changed


class Decoder(nn.Module):
    """Swin residual blocks at the bottom, then nearest upsampling; side features are added at all four scales."""

    def __init__(self, config: GalsceConfig) -> None:
        super().__init__()
        sizes = config.channels
        number = config.num_blocks * config.depth
        drops = [config.drop_path * k / max(1, number - 1) for k in range(number)]
        parts = [drops[k * config.depth : (k + 1) * config.depth] for k in range(config.num_blocks)]
        self.bottom = nn.Sequential(*(SwinStack(sizes[3], config, part) for part in parts))
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv3d(low, high, 3, padding=1), nn.InstanceNorm3d(high, affine=True), nn.ReLU())
            for low, high in zip(sizes[:0:-1], sizes[-2::-1], strict=True)
        )
        self.out = nn.Conv3d(sizes[0], 1, 3, padding=1)

    def forward(self, bottom: Tensor, side: Features | None = None) -> Tensor:
        """An image in -1 .. 1 from features at the bottom and, for one with contrast agent, its side features."""
        x = bottom if side is None else bottom + side.scales[3]
        x = self.bottom(x)
        for number, stage in enumerate(self.stages):
            x = functional.interpolate(x, scale_factor=[float(s) for s in STRIDES[3 - number]], mode="nearest")
            x = stage(x)
            if side is not None:
                x = x + side.scales[2 - number]
        made: Tensor = torch.tanh(self.out(x))
        return made


class SideBranches(nn.Module):
    """From the image straight to every scale: an embedding of patches and Swin layers (added in their stage 1b)."""

    def __init__(self, config: GalsceConfig) -> None:
        super().__init__()
        self.embed = nn.ModuleList(
            nn.Conv3d(1, size, kernel_size=stride, stride=stride)
            for size, stride in zip(config.channels, TOTAL_STRIDES, strict=True)
        )
        self.swin = nn.ModuleList(SwinStack(size, config, [0.0] * config.depth) for size in config.channels)
        for layer in self.embed:
            assert isinstance(layer, nn.Conv3d) and layer.bias is not None
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, level: Tensor) -> Features:
        """Features of an image (B, 1, z, y, x)."""
        a, b, c, d = (swin(embed(level)) for embed, swin in zip(self.embed, self.swin, strict=True))
        return Features((a, b, c, d))


class PatchCritic(nn.Module):
    """Conditional patch discriminator of three layers, batch norm: is this image scanned or made?"""

    def __init__(self, num_channels: int = 16) -> None:
        super().__init__()
        sizes = (2, num_channels, 2 * num_channels, 4 * num_channels)
        layers: list[nn.Module] = []
        for k, (before, after) in enumerate(itertools.pairwise(sizes)):
            layers += [nn.Conv3d(before, after, 3, stride=(1, 2, 2), padding=1)]
            layers += [nn.BatchNorm3d(after)] * (k > 0)
            layers += [nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv3d(sizes[-1], 1, 3, padding=1))

    def forward(self, level: Tensor, given: Tensor) -> Tensor:
        """Logits per patch of an image given the one it was made from, both (B, 1, z, y, x)."""
        logits: Tensor = self.layers(torch.cat([level, given], dim=1))
        return logits


class EncoderCritic(nn.Module):
    """Their critic of stage 1b: the pretrained encoder of enhanced scans and one convolution."""

    def __init__(self, config: GalsceConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.out = nn.Conv3d(config.channels[3], 1, 3, padding=1)

    def forward(self, level: Tensor) -> Tensor:
        """Logits per patch of an image (B, 1, z, y, x)."""
        logits: Tensor = self.out(self.encoder(level).scales[3])
        return logits


class Disentangler(nn.Module):
    """Stage 1a: an encoder and a decoder each for scans with and without contrast agent."""

    def __init__(self, config: GalsceConfig) -> None:
        super().__init__()
        self.encode_enhanced, self.encode_plain = Encoder(config), Encoder(config)
        self.decode_enhanced, self.decode_plain = Decoder(config), Decoder(config)

    def paths(self, plain: Tensor, enhanced: Tensor) -> dict[str, Tensor]:
        """Every image that the losses look at, from a pair (B, 1, z, y, x).

        The bottom of an encoder is what a scan shows whatever the contrast; the features of the enhanced encoder at
        four scales are the code of enhancement, which only the enhanced decoder is given (our reading).
        """
        seen, bare = self.encode_enhanced(enhanced), self.encode_plain(plain)
        made = self.decode_enhanced(bare.scales[3], seen)
        return {
            "enhanced": self.decode_enhanced(seen.scales[3], seen),
            "plain": self.decode_plain(bare.scales[3]),
            "enhanced_to_plain": self.decode_plain(seen.scales[3]),
            "plain_to_enhanced": made,
            "back_to_plain": self.decode_plain(self.encode_enhanced(made).scales[3]),
        }
