"""The working grid surrounds the liver wherever it lies and however the scan is turned."""

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError, StudyError
from hepaphase.prepare.crop import LiverGrid, liver_grid
from hepaphase.study.geometry import Geometry

FLIPPED = ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
TURNED = ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
STRAIGHT = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def scan(direction: tuple) -> tuple[np.ndarray, Geometry]:
    geometry = Geometry((60, 70, 80), (2.0, 2.5, 3.0), (-100.0, 40.0, 300.0), direction)
    mask = np.zeros(geometry.shape_zyx, np.uint8)
    mask[20:50, 10:40, 30:60] = 1
    return mask, geometry


@pytest.mark.parametrize("direction", [STRAIGHT, FLIPPED, TURNED])
def test_the_whole_liver_lies_inside_with_its_margin(direction: tuple) -> None:
    mask, geometry = scan(direction)
    grid = liver_grid(mask, geometry)
    inside = grid.to_index_zyx(geometry.to_lps_mm(np.argwhere(mask)))
    margin = LiverGrid().margin_mm / LiverGrid().spacing_mm - 0.5
    assert (inside >= margin).all()
    assert (inside <= np.asarray(grid.shape_zyx) - 1 - margin).all()
    assert grid.direction == STRAIGHT


def test_a_giant_liver_gets_a_larger_box() -> None:
    geometry = Geometry((40, 40, 40), (10.0, 10.0, 10.0), (0.0, 0.0, 0.0))
    grid = liver_grid(np.ones(geometry.shape_zyx, np.uint8), geometry)
    assert all(n % 16 == 0 for n in grid.shape_zyx)
    assert min(grid.shape_zyx) * 4 >= 390 + 32


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(StudyError, match="liver mask is empty"):
        liver_grid(np.zeros((3, 4, 5), np.uint8), Geometry((3, 4, 5), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)))


def test_sizes_that_cannot_be_halved_are_refused() -> None:
    with pytest.raises(ConfigError, match="multiples of 16"):
        LiverGrid(shape_zyx=(48, 60, 64))
