"""A grid turned so that its slices are axial."""

import numpy as np
import pytest

from hepaphase.report.axial import Axial

from .cases import GRIDS


@pytest.mark.parametrize("name", GRIDS)
def test_turned_voxels_stay_where_they_are(name):
    geometry = GRIDS[name]
    axial = Axial.of(geometry)
    x_mm = geometry.to_lps_mm(np.moveaxis(np.indices(geometry.shape_zyx), 0, -1))[..., 0]
    turned = axial.turn(x_mm)
    assert turned.shape == axial.geometry.shape_zyx
    index = np.moveaxis(np.indices(turned.shape), 0, -1)
    np.testing.assert_allclose(axial.geometry.to_lps_mm(index)[..., 0], turned, atol=1e-6)


@pytest.mark.parametrize("name", GRIDS)
def test_axes_point_left_back_and_up(name):
    assert (np.diag(np.asarray(Axial.of(GRIDS[name]).geometry.direction)) > 0.9).all()


def test_only_the_coronal_series_is_not_stored_in_axial_slices():
    assert [name for name in GRIDS if not Axial.of(GRIDS[name]).is_stored_axial] == ["coronal"]
