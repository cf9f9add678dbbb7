import numpy as np
import pytest

from hepaphase.phantom.perfused import Perfused, spread


def ball(radius: float, step: float, middle: tuple[float, float, float]) -> Perfused:
    axis = np.arange(-radius - 3 * step, radius + 3 * step, step)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return Perfused((np.sqrt(x**2 + y**2 + z**2) - radius).astype(np.float32), np.array(middle) + axis[0], step)


@pytest.mark.parametrize(
    ("radius", "step", "middle"), [(30.0, 4.0, (5, 0, -9)), (44.0, 6.0, (-80, 3, 2)), (25.0, 3, (0, 9, 60))]
)
def test_depth_is_read_between_lattice_points(radius, step, middle) -> None:
    organ = ball(radius, step, middle)
    points = np.array(middle) + np.array([[0.4, -0.3, 0.2], [0.1, 0.6, 0.5], [0.9, 0, 0]]) * radius
    expected = np.linalg.norm(points - middle, axis=1) - radius
    np.testing.assert_allclose(organ.at(points), expected, atol=0.4)
    inside = organ.positions(5.0)
    assert (np.linalg.norm(inside - middle, axis=1) < radius - 5.0 + 1e-3).all()
    assert len(inside) * step**3 == pytest.approx(4 / 3 * np.pi * (radius - 5) ** 3, rel=0.1)


def test_balls_are_taken_out() -> None:
    organ = ball(40.0, 5.0, (0, 0, 0))
    hole = np.array([[10.0, 0, 0], [900.0, 0, 0]])
    less = organ.without(hole, np.array([7.0, 5.0]))
    assert less.at(hole[0]) == pytest.approx(7.0, abs=3.0) and organ.at(hole[0]) < -25
    assert less.at(np.array([-20.0, 5, 5])) == organ.at(np.array([-20.0, 5, 5]))


def test_points_are_spread_coarse_first() -> None:
    points = np.random.default_rng(1).uniform(0, 100, (2000, 3))
    chosen = spread(points, 64)
    gaps = np.linalg.norm(chosen[:, None] - chosen, axis=-1) + np.eye(64) * 1e3
    assert len(np.unique(chosen, axis=0)) == 64
    assert gaps.min() > 15  # at random 64 points come much closer
    assert gaps[:8, :8].min() > 1.5 * gaps.min()
    assert len(spread(points[:5], 64)) == 5
