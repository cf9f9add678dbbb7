"""A 3-D U-Net steered by phase and time: the network of ``unet`` and of ``pix2pix``'s generator."""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...base.errors import ConfigError
from ...nn.unet import GRID_MULTIPLE, SLOPE, FilmUNet
from ..image import NUM_CONDITION, Image, Wanted, condition, nearest_hu, read_image, shown
from ..maps import NUM_PHASES
from ..network import Scanned


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmConfig:
    """Sizes; the defaults are tiny, for tests.

    Raises:
        ConfigError: for a size below one.
    """

    channels: tuple[int, int, int] = (8, 8, 8)
    """Features at half, quarter and eighth resolution."""
    num_fine: int = 4
    """Features at full resolution."""
    num_condition: int = 8

    def __post_init__(self) -> None:
        if min(*self.channels, self.num_fine, self.num_condition) < 1:
            raise ConfigError(f"The network needs at least one feature everywhere, got {self}.")


class FilmImageNetwork(nn.Module):
    """Changes the scanned phase nearest in time; any subset in, any phase and time out."""

    multiple = GRID_MULTIPLE

    def __init__(self, config: FilmConfig) -> None:
        super().__init__()
        width = config.num_condition
        self.condition = nn.Sequential(nn.Linear(NUM_CONDITION, width), nn.LeakyReLU(SLOPE), nn.Linear(width, width))
        self.trunk = FilmUNet(
            2 * NUM_PHASES + 1, channels=config.channels, num_fine=config.num_fine, num_condition=width
        )
        self.trunk.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.out = nn.Conv3d(config.num_fine, 2, 1)
        nn.init.zeros_(self.out.weight)
        assert self.out.bias is not None
        nn.init.zeros_(self.out.bias)

    def image(self, scanned: Scanned, wanted: Wanted) -> Image:
        """See :class:`..image.ImageNetwork`."""
        base = nearest_hu(scanned, wanted)
        views = torch.cat([shown(scanned), base[:, None].clamp(-250, 550) / 100], dim=1)
        features, _ = self.trunk(
            views.contiguous(memory_format=torch.channels_last_3d), self.condition(condition(scanned, wanted))
        )
        return read_image(base, self.out(features))


class PatchCritic(nn.Module):
    """Conditional patch discriminator (Isola et al. 2017, in 3-D): is this patch of a phase scanned or made?"""

    def __init__(self, num_channels: int = 8) -> None:
        super().__init__()
        sizes = (2 * NUM_PHASES + 1 + NUM_CONDITION, num_channels, 2 * num_channels)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(sizes):
            layers += [nn.Conv3d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv3d(sizes[-1], 1, 3, padding=1))

    def forward(self, hu: Tensor, scanned: Scanned, wanted: Wanted) -> Tensor:
        """Logits per patch, (B, 1, ...), of images (B, z, y, x) given what they were made from."""
        known = condition(scanned, wanted)[:, :, None, None, None].expand(-1, -1, *hu.shape[1:])
        image = (hu.clamp(-250, 550)[:, None] - 50) / 75
        logits: Tensor = self.layers(torch.cat([image, shown(scanned), known], dim=1))
        return logits
