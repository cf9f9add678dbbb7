"""Read a volume tile by tile and average where tiles overlap."""

import itertools
from collections.abc import Callable

import torch
from torch import Tensor

from .window import Scan

Shape = tuple[int, int, int]


def starts(size: int, tile: int) -> list[int]:
    """Where tiles begin along one axis so that each overlaps the next by half or more and the last ends at the end."""
    if size <= tile:
        return [0]
    count = -(-(size - tile) // (tile // 2)) + 1
    return [round(number * (size - tile) / (count - 1)) for number in range(count)]


def corners(wanted: Tensor, tile: Shape) -> list[Shape]:
    """Lowest corners of the tiles that hold some of ``wanted`` (z, y, x), boolean; all tiles if nothing is wanted."""
    places = list(itertools.product(*(starts(s, t) for s, t in zip(wanted.shape, tile, strict=True))))
    holding = [(z, y, x) for z, y, x in places if wanted[box((z, y, x), tile)].any()]
    return holding or [(z, y, x) for z, y, x in places]


def box(corner: Shape, tile: Shape) -> tuple[slice, slice, slice]:
    """Slices of the tile at ``corner``."""
    z, y, x = (slice(c, c + t) for c, t in zip(corner, tile, strict=True))
    return (z, y, x)


def hill(tile: Shape) -> Tensor:
    """Weights (z, y, x) of a tile's voxels: 1 in the middle, a Gaussian of an eighth of the tile (as nnU-Net)."""
    axes = [torch.exp(-0.5 * ((torch.arange(t) - (t - 1) / 2) / (t / 8)) ** 2) for t in tile]
    return torch.einsum("z,y,x->zyx", *axes).clamp(min=1e-3)


def read_tiles(read: Callable[[Scan], Tensor], scan: Scan, tile: Shape) -> Tensor:
    """``read`` on every tile of one study that holds some of its liver: (1, K + 1, z, y, x).

    Voxels that no tile reached are background, the last channel.
    """
    total: Tensor | None = None
    weight = hill(tile).to(scan.hu.device)
    seen = torch.zeros(scan.hu.shape[2:], device=scan.hu.device)
    for corner in corners(scan.liver[0], tile):
        where = (..., *box(corner, tile))
        part = read(Scan(scan.hu[where], scan.present, scan.liver[where], scan.liver_hu, scan.clinical))
        if total is None:
            total = part.new_zeros((*part.shape[:2], *scan.hu.shape[2:]))
        total[where] += weight * part
        seen[where] += weight
    assert total is not None
    total = total / seen.clamp(min=1e-6)
    total[:, -1][:, seen == 0] = 1.0
    return total
