"""Draws of borders, and the rule that makes segments of them."""

import numpy as np
import pytest

from hepaphase.organs.borders import NUM_DRAWS, Borders, Shares, draw_height, draw_planes, label
from hepaphase.organs.liver_veins import AZIMUTHS

ONE = Borders(*(np.array([v]) for v in (1.4, 2.1, 3.0, 20.0, 5.0, 8.0, 28.0)))


def test_every_segment_lies_where_the_rule_says():
    turn = np.array([0.8, 1.2, 1.2, 1.8, 2.5, 3.4, 3.4, 2.5])
    away = np.array([15.0, 60, 60, 60, 60, 60, 60, 60])
    z = np.array([20.0, 30, 10, 0, 0, 0, 30, 30])
    assert label(ONE, turn, away, z).tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]]


def test_without_veins_planes_part_the_volume_as_livers_do():
    volume = (AZIMUTHS - AZIMUTHS[0]) / (AZIMUTHS[-1] - AZIMUTHS[0])
    nothing = np.zeros((len(AZIMUTHS), 1))
    drawn = draw_planes(volume, nothing, (nothing[:, 0], nothing[:, 0]), Shares(), np.random.default_rng(0))
    assert all(len(plane) == NUM_DRAWS for plane in drawn)
    shares = [float(np.mean(np.interp(plane, AZIMUTHS, volume))) for plane in drawn]
    assert shares == pytest.approx([0.16, 0.33, 0.73], abs=0.03)
    assert (drawn[0] < drawn[1] + 0.1).all() and (drawn[1] < drawn[2] + 0.1).all()


def test_veins_draw_the_planes_to_them_and_make_them_surer():
    volume = (AZIMUTHS - AZIMUTHS[0]) / (AZIMUTHS[-1] - AZIMUTHS[0])
    scores = np.zeros((len(AZIMUTHS), 2))
    where = [14, 30, 60]
    scores[where, 1] = 12.0
    drawn = draw_planes(volume, scores, (np.zeros(len(AZIMUTHS)),) * 2, Shares(), np.random.default_rng(0))
    assert [float(np.median(p)) for p in drawn] == pytest.approx(AZIMUTHS[where].tolist(), abs=0.03)
    assert max(float(np.std(p)) for p in drawn) < 0.1


def test_heights_part_a_sector_by_its_volume():
    z = np.linspace(0, 100, 1001)
    drawn = draw_height(z, (0.6, 0.08), np.random.default_rng(0))
    assert float(np.median(drawn)) == pytest.approx(40, abs=2) and float(np.std(drawn)) == pytest.approx(8, abs=1.5)
