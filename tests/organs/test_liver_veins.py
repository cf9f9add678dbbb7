"""Veins on planes about the vena cava."""

import numpy as np
import pytest

from hepaphase.organs.cava import find_cava
from hepaphase.organs.liver_veins import AZIMUTHS, find_vessels, vein_scores
from hepaphase.study.phase import Phase

from .livers import GRID, liver, with_veins


def scores(scan, *, brighter: bool = True):
    vessels = find_vessels(scan.hu[Phase.PVP], scan.liver, scan.lesions > 0, brighter=brighter)
    return vein_scores(vessels, find_cava(scan.cava, scan.liver, GRID), GRID, (-50.0, 70.0)).max(axis=1)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_vein_stands_out_on_its_plane_bright_or_dark(sign):
    found = scores(with_veins(liver(), [2.2], contrast_hu=45.0 * sign), brighter=sign > 0)
    assert AZIMUTHS[found.argmax()] == pytest.approx(2.2, abs=np.radians(5))
    assert found.max() > 2 * np.median(found)


def test_a_bright_lesion_is_no_vein():
    scan = with_veins(liver(), [2.2])
    hot = np.zeros_like(scan.liver)
    hot[20:26, 16:22, 18:24] = True
    hu = {Phase.PVP: np.where(hot & scan.liver, 260.0, scan.hu[Phase.PVP])}
    lesions = (hot & scan.liver).astype(int)
    assert lesions.any()
    told = find_vessels(hu[Phase.PVP], scan.liver, lesions > 0, brighter=True)
    assert not told.shown[hot].any()
    assert find_vessels(hu[Phase.PVP], scan.liver, scan.liver, brighter=True) is None
