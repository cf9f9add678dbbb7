"""Stage 1b of GALS-CE: the generator that starts from the pretrained encoder and decoder of enhanced scans."""

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor, nn

from ...study.phase import Phase
from ..image import Image, Wanted
from ..network import Scanned
from .galsce import Decoder, Encoder, Features, GalsceConfig, SideBranches, to_hu, to_level

SLAB = 8
"""Slices of a patch."""
STEP = 4
"""Slices from one patch to the next; where they overlap the mean is taken."""
AIR_HU = -1000.0
_BODY_HU = -400.0


class GalsceGenerator(nn.Module):
    """A non-contrast scan to a phase with contrast agent.

    Their generator makes one phase; here each phase has a code, added at the bottom, that starts at zero, so that one
    model may make all (our choice). The doubt is one number per phase, followed in training: a network taught by a
    critic does not know its own (our choice).
    """

    multiple = 8
    sd_hu: Tensor

    def __init__(self, config: GalsceConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.side = SideBranches(config)
        self.phase = nn.Embedding(config.num_phases, config.channels[3])
        nn.init.zeros_(self.phase.weight)
        self.register_buffer("sd_hu", torch.full((config.num_phases,), 30.0))

    def forward(self, level: Tensor, number: Tensor) -> Tensor:
        """The phase ``number`` (B,) among those with contrast agent, in -1 .. 1, of a slab (B, 1, z, y, x)."""
        own, side = self.encoder(level), self.side(level)
        summed = Features(tuple(a + b for a, b in zip(own.scales, side.scales, strict=True)))
        code = self.phase(number)[:, :, None, None, None]
        made: Tensor = self.decoder(own.scales[3] + code, summed)
        return made

    def image(self, scanned: Scanned, wanted: Wanted) -> Image:
        """See :class:`..image.ImageNetwork`: slabs that overlap, averaged; outside the body the scan itself."""
        plain = scanned.hu[:, 0]
        body = torch.stack([torch.from_numpy(body_of(one.cpu().numpy())) for one in plain]).to(plain.device)
        level = to_level(torch.where(body, plain, AIR_HU))[:, None]
        number = wanted.number - 1
        total, times = torch.zeros_like(plain), torch.zeros(plain.shape[1], device=plain.device)
        for first in slabs(plain.shape[1]):
            part = slice(first, first + SLAB)
            total[:, part] += to_hu(self(level[:, :, part], number)[:, 0])
            times[part] += 1
        made = torch.where(body, total / times[:, None, None], plain)
        sd = self.sd_hu[number][:, None, None, None].expand_as(made).clamp(min=0.5)
        return Image(made, sd)


def slabs(num_slices: int) -> list[int]:
    """First slices of slabs that cover ``num_slices``, the last one ending at the edge."""
    last = max(0, num_slices - SLAB)
    return sorted({*range(0, last, STEP), last})


def body_of(hu: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """What lies inside the skin, (z, y, x): the largest piece that is no air, filled slice by slice."""
    parts, number = ndimage.label(hu > _BODY_HU)
    if not number:
        return np.zeros(hu.shape, np.bool_)
    largest = 1 + int(np.argmax(ndimage.sum_labels(np.ones(hu.shape), parts, range(1, number + 1))))
    return np.stack([np.asarray(ndimage.binary_fill_holes(one == largest)) for one in parts])


ENHANCED = tuple(p for p in Phase if p is not Phase.NC)
"""Phases it may make, in the order of their codes."""
