"""A rectified flow in the wavelet domain: noise to a phase in a few straight steps, the whole volume at once.

The wavelet domain is the idea of cWDM (Friedrich et al. 2024), the straight paths those of Liu et al. 2022.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...base.errors import ConfigError
from ...nn.unet import GRID_MULTIPLE, SLOPE, FilmUNet
from ...nn.wavelet import from_bands, to_bands
from ..image import NUM_CONDITION, SCALE_HU, Image, Wanted, condition, nearest_hu, shown
from ..maps import NUM_PHASES
from ..network import Scanned

NUM_BANDS = 8
_NUM_CLOCK = 8
_SEED = 20
LEAST_SD_HU = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowConfig:
    """Sizes; the defaults are tiny, for tests.

    Raises:
        ConfigError: for a size below one, or a single sample.
    """

    channels: tuple[int, int, int] = (8, 8, 8)
    """Features at quarter, eighth and sixteenth resolution."""
    num_fine: int = 8
    """Features at half resolution, where the bands lie."""
    num_condition: int = 8
    num_steps: int = 2
    """Of the straight path from noise to phase."""
    num_samples: int = 3
    """Whose median is what is generated, and whose spread the doubt."""

    def __post_init__(self) -> None:
        if min(*self.channels, self.num_fine, self.num_condition, self.num_steps) < 1 or self.num_samples < 2:
            raise ConfigError(f"The flow needs sizes and steps of one or more and two samples or more, got {self}.")


class FlowNetwork(nn.Module):
    """The velocity at any point between noise and phase; what flows is the change of the nearest scanned phase."""

    multiple = 2 * GRID_MULTIPLE

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        self.config = config
        width = config.num_condition
        known = NUM_CONDITION + _NUM_CLOCK
        self.condition = nn.Sequential(nn.Linear(known, width), nn.LeakyReLU(SLOPE), nn.Linear(width, width))
        num_in = NUM_BANDS * (NUM_PHASES + 2) + NUM_PHASES
        self.trunk = FilmUNet(num_in, channels=config.channels, num_fine=config.num_fine, num_condition=width)
        self.trunk.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.out = nn.Conv3d(config.num_fine, NUM_BANDS, 1)
        nn.init.zeros_(self.out.weight)
        assert self.out.bias is not None
        nn.init.zeros_(self.out.bias)

    def seen(self, scanned: Scanned, wanted: Wanted) -> tuple[Tensor, Tensor, Tensor]:
        """What every step is given: bands of the scanned phases, what is known beside, and the phase that changes."""
        base = nearest_hu(scanned, wanted)
        maps = shown(scanned)
        views = [to_bands(maps[:, :NUM_PHASES]), maps[:, NUM_PHASES:, ::2, ::2, ::2]]
        views.append(to_bands(base[:, None].clamp(-250, 550) / 100))
        return torch.cat(views, dim=1), condition(scanned, wanted), base

    def velocity(self, bands: Tensor, clock: Tensor, views: Tensor, known: Tensor) -> Tensor:
        """Bands (B, 8, ...) per unit of the clock (B,), which runs from 0, noise, to 1, the phase."""
        waves = 2.0 ** torch.arange(_NUM_CLOCK // 2, device=clock.device) * math.pi
        hours = torch.cat([(clock[:, None] * waves).sin(), (clock[:, None] * waves).cos()], dim=1)
        x = torch.cat([bands, views], dim=1).contiguous(memory_format=torch.channels_last_3d)
        features, _ = self.trunk(x, self.condition(torch.cat([known, hours], dim=1)))
        made: Tensor = self.out(features)
        return made

    def samples(self, scanned: Scanned, wanted: Wanted, num: int) -> Tensor:
        """``num`` phases that could be, (num, B, z, y, x) in HU; the same each time."""
        views, known, base = self.seen(scanned, wanted)
        random = torch.Generator(device="cpu").manual_seed(_SEED)
        shape = (len(base), NUM_BANDS, *(n // 2 for n in base.shape[1:]))
        found = []
        for _ in range(num):
            bands = torch.randn(shape, generator=random).to(base.device)
            for step in range(self.config.num_steps):
                clock = torch.full((len(base),), step / self.config.num_steps, device=base.device)
                with torch.autocast("cpu", dtype=torch.bfloat16, enabled=base.device.type == "cpu"):  # 3 x as fast
                    change = self.velocity(bands, clock, views, known).float()
                bands = bands + change / self.config.num_steps
            found.append(base + SCALE_HU * from_bands(bands)[:, 0])
        return torch.stack(found)

    def image(self, scanned: Scanned, wanted: Wanted) -> Image:
        """See :class:`..image.ImageNetwork`: the median of the samples, and their standard deviation."""
        found = self.samples(scanned, wanted, self.config.num_samples)
        return Image(found.median(dim=0).values, found.std(dim=0).clamp(min=LEAST_SD_HU), found)

    def loss(self, scanned: Scanned, wanted: Wanted, truth_hu: Tensor, weight: Tensor) -> Tensor:
        """Squared error of the velocity at a random place of the straight path (Liu et al. 2022, eq. 1).

        ``weight`` (B, z, y, x) says how much each voxel counts; it acts on the bands as their mean.
        """
        views, known, base = self.seen(scanned, wanted)
        goal = to_bands((truth_hu - base).clamp(-500, 500)[:, None] / SCALE_HU)
        noise = torch.randn_like(goal)
        clock = torch.rand(len(goal), device=goal.device)
        place = clock[:, None, None, None, None]
        bands = (1 - place) * noise + place * goal
        wrong = self.velocity(bands, clock, views, known).float() - (goal - noise)
        counted = to_bands(weight[:, None])[:, :1]
        return (wrong.square().mean(dim=1, keepdim=True) * counted).sum() / counted.sum().clamp(min=1e-9)
