"""A grid turned so that its slices are axial."""

import numpy as np
import pytest

from hepaphase.report.axial import Axial

from .cases import GRIDS, LIVER


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


@pytest.mark.parametrize("name", GRIDS)
def test_stored_slice_is_the_same_voxel(name):
    geometry = GRIDS[name]
    axial = Axial.of(geometry)
    mask = LIVER.mask(geometry)
    turned = np.argwhere(axial.turn(mask))
    stored = {axial.stored_slice(tuple(index)) for index in turned[::97].tolist()}
    assert len(stored) == len(turned[::97]) and all(mask[index] for index in stored)
