import numpy as np
import pytest

from hepaphase.organs.trunk import find_body, largest_pieces, trunk_box
from hepaphase.study.geometry import Geometry


def _person(num_slices: int, *, lung_from: int | None) -> tuple[np.ndarray, Geometry]:
    """A cylinder on a table, with lungs from slice ``lung_from`` to the top."""
    hu = np.full((num_slices, 50, 60), -1000, np.float32)
    hu[:, 8:40, 10:50] = 40
    hu[:, 44, 5:55] = 100
    hu[3, 20:24, 20:24] = -950
    if lung_from is not None:
        hu[lung_from:, 12:30, 14:28] = -850
    return hu, Geometry((num_slices, 50, 60), (6.0, 6.0, 6.0), (-180.0, -150.0, 1000.0))


def test_the_body_has_lungs_and_gas_but_no_table() -> None:
    hu, _ = _person(40, lung_from=30)
    body = find_body(hu)
    assert body[35, 20, 20] and body[3, 21, 21] and not body[:, 44].any()
    assert abs(int(body.sum()) - 40 * 32 * 40) < 0.01 * body.sum()


@pytest.mark.parametrize(
    ("num_slices", "lung_from", "start", "stop"), [(100, 70, 29, 96), (60, 50, 9, 60), (100, None, 0, 100)]
)
def test_the_trunk_ends_a_liver_below_the_lungs(num_slices: int, lung_from: int | None, start: int, stop: int) -> None:
    hu, geometry = _person(num_slices, lung_from=lung_from)
    box = trunk_box(hu, find_body(hu), geometry)
    assert (box.start_zyx[0], box.stop_zyx[0]) == (start, stop)
    assert box.start_zyx[1:] == (6, 8) and box.stop_zyx[1:] == (42, 52)


def test_nothing_but_air_keeps_the_whole_volume() -> None:
    geometry = Geometry((5, 6, 7), (6.0, 6.0, 6.0), (0.0, 0.0, 0.0))
    hu = np.full((5, 6, 7), -1000, np.float32)
    assert trunk_box(hu, find_body(hu), geometry).shape_zyx == (5, 6, 7)


def test_largest_pieces() -> None:
    mask = np.zeros((3, 3, 30), bool)
    mask[..., :10] = mask[..., 12:18] = mask[..., 20:23] = True
    assert largest_pieces(mask, num=2).sum() == 16 * 9
