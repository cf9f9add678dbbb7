from itertools import pairwise

import pytest
import torch

from hepaphase.diagnosis.tiles import corners, hill, read_tiles, starts
from hepaphase.diagnosis.window import Scan

from .tiny import scan


@pytest.mark.parametrize(("size", "tile"), [(48, 24), (64, 32), (20, 24), (50, 24), (25, 24)])
def test_tiles_cover_the_axis_and_overlap_by_half(size: int, tile: int) -> None:
    at = starts(size, tile)
    assert at[0] == 0 and at[-1] == max(0, size - tile)
    assert all(0 < b - a <= tile // 2 + 1 for a, b in pairwise(at))


def test_only_tiles_with_something_wanted_are_read() -> None:
    wanted = torch.zeros(16, 16, 32, dtype=torch.bool)
    wanted[0, 0, 0] = True
    assert corners(wanted, (8, 8, 8)) == [(0, 0, 0)]
    assert len(corners(torch.zeros_like(wanted), (8, 8, 8))) == 3 * 3 * 7


def test_the_hill_is_highest_in_the_middle_and_nowhere_zero() -> None:
    weight = hill((4, 6, 8))
    assert weight.shape == (4, 6, 8) and float(weight.min()) > 0
    assert float(weight[1:3, 2:4, 3:5].min()) == float(weight.max())


def test_a_reader_that_looks_at_one_voxel_gives_the_same_in_tiles() -> None:
    whole = scan(torch.rand(1, 2, 10, 12, 14))

    def read(part: Scan) -> torch.Tensor:
        return torch.cat([part.hu[:, :1] * 0.5, 1 - part.hu[:, :1] * 0.5], dim=1)

    torch.testing.assert_close(read_tiles(read, whole, (4, 8, 6)), read(whole))


def test_what_no_tile_reached_is_background() -> None:
    part = scan(torch.rand(1, 1, 8, 8, 16))
    part.liver[:, :, :, 2:] = False
    out = read_tiles(lambda x: torch.full((1, 3, *x.hu.shape[2:]), 1 / 3), part, (8, 8, 4))
    assert torch.equal(out[0, 2, 0, 0, 8:], torch.ones(8)) and abs(float(out[0, 0, 0, 0, 0]) - 1 / 3) < 1e-6
