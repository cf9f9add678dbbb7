"""A plain U-Net as nnU-Net plans it: what wins SynthRAD when trained to regress instead of to segment."""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...base.errors import ConfigError
from ...nn.conv import ConvNormAct
from ..image import NUM_CONDITION, Image, Wanted, condition, nearest_hu, read_image, shown
from ..maps import NUM_PHASES
from ..network import Scanned


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainConfig:
    """Sizes; the defaults are tiny, for tests. nnU-Net's own: stages of 32, 64, 128, 256, 320.

    Raises:
        ConfigError: for fewer than two stages, or a stage without features.
    """

    channels: tuple[int, ...] = (4, 8)
    """Of each stage, finest first; each halves the size of the one before."""

    def __post_init__(self) -> None:
        if len(self.channels) < 2 or min(self.channels) < 1:
            raise ConfigError(f"The network needs two stages or more with features, got {self.channels}.")


class PlainNetwork(nn.Module):
    """Two convolutions with instance norm a stage, strided down, transposed up, skips joined.

    As in nnU-Net's planning; where it would predict classes there are the change of the nearest scanned phase and its
    doubt. Phase and time wanted are constant maps beside the scanned ones (our choice; SynthRAD has one target).
    """

    def __init__(self, config: PlainConfig) -> None:
        super().__init__()
        sizes = config.channels
        self.multiple = 2 ** (len(sizes) - 1)
        first = 2 * NUM_PHASES + 1 + NUM_CONDITION
        self.down = nn.ModuleList(
            nn.Sequential(ConvNormAct(before, after, stride=1 if k == 0 else 2), ConvNormAct(after, after))
            for k, (before, after) in enumerate(zip((first, *sizes), sizes, strict=False))
        )
        self.up = nn.ModuleList(nn.ConvTranspose3d(low, high, 2, stride=2) for high, low in itertools.pairwise(sizes))
        self.join = nn.ModuleList(
            nn.Sequential(ConvNormAct(2 * high, high), ConvNormAct(high, high)) for high in sizes[:-1]
        )
        self.out = nn.Conv3d(sizes[0], 2, 1)

    def image(self, scanned: Scanned, wanted: Wanted) -> Image:
        """See :class:`..image.ImageNetwork`."""
        base = nearest_hu(scanned, wanted)
        known = condition(scanned, wanted)[:, :, None, None, None].expand(-1, -1, *base.shape[1:])
        return read_image(base, self._run(torch.cat([shown(scanned), base[:, None] / 100, known], dim=1)))

    def _run(self, x: Tensor) -> Tensor:
        kept = []
        for stage in self.down:
            x = stage(x)
            kept.append(x)
        for skip, up, join in zip(kept[-2::-1], self.up[::-1], self.join[::-1], strict=True):
            x = join(torch.cat([up(x), skip], dim=1))
        raw: Tensor = self.out(x)
        return raw
