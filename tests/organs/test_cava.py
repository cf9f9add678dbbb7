"""The axis of the vena cava and places about it."""

import numpy as np
import pytest

from hepaphase.organs.cava import find_cava

from .livers import AT, GRID, liver, places


def test_a_straight_vena_cava_is_found_where_it_is():
    scan = liver()
    cava = find_cava(scan.cava, scan.liver, GRID)
    assert cava.axis == pytest.approx([0, 0, 1], abs=1e-6)
    assert cava.point[:2] == pytest.approx(AT, abs=1.0)
    turn, away = cava.around(np.array([[AT[0] + 30, AT[1], 5], [AT[0], AT[1] - 30, 5], [AT[0] - 30, AT[1], 5]]))
    assert np.degrees(turn) == pytest.approx([0, 90, 180], abs=3) and away == pytest.approx([30] * 3, abs=1.5)


def test_a_leaning_one_is_followed():
    points = GRID.to_lps_mm(np.moveaxis(np.indices(GRID.shape_zyx), 0, -1))
    leaning = np.hypot(points[..., 0] + 18 - 0.2 * points[..., 2], points[..., 1] - 14) < 10
    axis = find_cava(leaning, liver().liver, GRID).axis
    assert axis[0] / axis[2] == pytest.approx(0.2, abs=0.02)
    assert find_cava(leaning, liver().liver, GRID).at_height(np.array(30.0))[2] == pytest.approx(30)


def test_too_short_a_stretch_gives_no_axis():
    scan, p = liver(), places()
    assert find_cava(scan.cava & (p.z > 45), scan.liver, GRID) is None
    assert find_cava(np.zeros_like(scan.cava), scan.liver, GRID) is None
