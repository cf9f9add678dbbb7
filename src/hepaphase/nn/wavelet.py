"""The Haar wavelet in three dimensions: one level, eight bands, orthonormal but for the scale of the lowest."""

import torch
from torch import Tensor

_SQRT8 = 8.0**0.5


def to_bands(x: Tensor) -> Tensor:
    """(B, C, z, y, x) to (B, 8 C, z/2, y/2, x/2): mean first, then the seven details, per channel.

    The lowest band is the mean of eight voxels, so that it has the range of the image; details are orthonormal.
    """
    for axis in (2, 3, 4):
        even, odd = _every_second(x, axis)
        x = torch.stack([even + odd, even - odd], dim=2).flatten(1, 2) / 2**0.5
    bands = _apart(x, 1, 8)
    return torch.cat([bands[:, :, :1] / _SQRT8, bands[:, :, 1:]], dim=2).flatten(1, 2)


def from_bands(bands: Tensor) -> Tensor:
    """Undo of :func:`to_bands`."""
    x = _apart(bands, 1, 8)
    x = torch.cat([x[:, :, :1] * _SQRT8, x[:, :, 1:]], dim=2).flatten(1, 2)
    for axis in (4, 3, 2):
        sums, differences = _apart(x, 1, 2).unbind(2)
        x = torch.stack([sums + differences, sums - differences], dim=axis + 1).flatten(axis, axis + 1) / 2**0.5
    return x


def _every_second(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    pairs = _apart(x, axis, 2)
    return pairs.select(axis + 1, 0), pairs.select(axis + 1, 1)


def _apart(x: Tensor, axis: int, size: int) -> Tensor:
    """One axis as two, the second of ``size``."""
    return x.reshape(*x.shape[:axis], -1, size, *x.shape[axis + 1 :])
