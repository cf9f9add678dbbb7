import numpy as np
import pytest

from hepaphase.lab.parenchyma import borrow_texture, choose_donors, look_at
from hepaphase.study.geometry import Geometry

GRIDS = (
    Geometry((30, 40, 44), (2.0, 2.0, 3.0), (-20.0, 30.0, 5.0)),
    Geometry((24, 50, 40), (1.5, 1.8, 4.0), (11.0, -3.0, 900.0)),
    Geometry((40, 36, 30), (3.0, 3.0, 2.0), (0.5, 0.5, 0.5)),
)


@pytest.mark.parametrize("geometry", GRIDS, ids=str)
def test_a_hole_in_a_ramp_is_bridged_and_its_texture_is_of_the_same_size(geometry) -> None:
    rng = np.random.default_rng(2)
    z, y, x = np.meshgrid(*(np.arange(n) * s for n, s in zip(geometry.shape_zyx, geometry.spacing_zyx_mm, strict=True)),
                          indexing="ij")  # fmt: skip
    truth = 90 + 0.1 * x
    hu = (truth + rng.normal(0, 8, truth.shape)).astype(np.float32)
    middle = [n * s / 2 for n, s in zip(geometry.shape_zyx, geometry.spacing_zyx_mm, strict=True)]
    hole = (z - middle[0]) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2 < 12**2
    hu[hole] += 70
    hu[:, 5:8, 5:8] += 90  # a vessel
    seen = look_at(hu, np.ones_like(hole), hole, geometry)
    assert not seen.clean[hole].any() and seen.clean[:, 5:8, 5:8].mean() < 0.2
    assert np.abs(seen.smooth[hole] - truth[hole]).max() < 6
    assert abs(float((seen.smooth[hole] - truth[hole]).mean())) < 1.5
    shifts = choose_donors(rng, hole, seen.clean)
    texture = borrow_texture(rng, seen, hole, shifts)
    assert texture[hole].std() == pytest.approx(8, rel=0.15) and not texture[~hole].any()


def test_a_liver_with_no_room_elsewhere_still_gets_texture() -> None:
    rng = np.random.default_rng(4)
    hu = rng.normal(60, 5, (12, 12, 12)).astype(np.float32)
    hole = np.zeros(hu.shape, bool)
    hole[2:10, 2:10, 2:10] = True
    seen = look_at(hu, np.ones_like(hole), hole, Geometry(hu.shape, (3.0, 3.0, 3.0), (0.0, 0.0, 0.0)))
    texture = borrow_texture(rng, seen, hole, choose_donors(rng, hole, seen.clean))
    assert texture[hole].std() == pytest.approx(5, rel=0.2)
