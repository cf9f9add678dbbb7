"""A region in numbers: what is core, what is edge, what is the liver around it."""

import numpy as np
import pytest

from hepaphase.benchmark.ceiling.describe import VALUES, describe, grown, shape_of

MEAN, CORE, RIM, RING = (VALUES.index(name) for name in ("mean", "core", "rim", "ring"))


def ball(radius: float, size: int = 15) -> np.ndarray:
    z, y, x = np.ogrid[:size, :size, :size]
    middle = size // 2
    return np.sqrt((z - middle) ** 2 + (y - middle) ** 2 + (x - middle) ** 2) <= radius


def test_core_rim_and_ring_are_told_apart() -> None:
    region, inner = ball(4), ball(2.5)
    hu = np.full((4, 15, 15, 15), 60.0)
    hu[:, region] = 100.0
    hu[:, inner] = 20.0
    hu[3] = np.nan
    found = describe(hu, region, np.ones_like(region))
    assert found[0, RIM] > 60 > found[0, CORE]
    assert found[0, RING] == 60.0
    assert found[0, RIM] > found[0, MEAN] > found[0, CORE]
    assert np.isnan(found[3]).all()


def test_the_smallest_region_is_its_own_core() -> None:
    region = np.zeros((5, 6, 7), bool)
    region[2, 3, 3:5] = True
    found = describe(np.full((4, 5, 6, 7), 50.0), region, np.zeros_like(region))
    assert found[0, CORE] == found[0, RIM] == 50.0
    assert np.isnan(found[0, RING])


def test_shape_is_in_mm() -> None:
    log_ml, long_axis_mm, fill = shape_of(ball(3), 4.0)
    assert long_axis_mm == 28.0
    assert np.exp(log_ml) == pytest.approx(ball(3).sum() * 0.064)
    assert fill == pytest.approx(ball(3).sum() / 343)


def test_a_box_grows_as_far_as_the_volume_goes() -> None:
    assert grown((slice(1, 3), slice(5, 6)), (10, 7)) == (slice(0, 6), slice(2, 7))
