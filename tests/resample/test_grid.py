"""Volumes between grids."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from hepaphase.resample.grid import resample
from hepaphase.study.geometry import Geometry

SOURCE = Geometry((23, 31, 37), (0.8, 1.1, 2.5), (-17.0, 21.5, -480.25))


def ramp(geometry: Geometry) -> np.ndarray:
    """A value that grows linearly through the patient."""
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape_zyx), indexing="ij"), axis=-1)
    return (geometry.to_lps_mm(index) @ [1.0, -0.5, 0.25]).astype(np.float32)


def inside(shape_zyx, spacing_mm, angle=0.0) -> Geometry:
    """A grid in the middle of SOURCE, turned by ``angle`` about a skew axis."""
    turn = Rotation.from_rotvec(np.array([1.0, -0.4, 0.7]) * angle).as_matrix()
    middle = SOURCE.to_lps_mm((np.array(SOURCE.shape_zyx) - 1) / 2)
    origin = middle - turn @ (np.array(spacing_mm) * (np.array(shape_zyx[::-1]) - 1) / 2)
    return Geometry(shape_zyx, spacing_mm, tuple(origin), tuple(tuple(row) for row in turn))


@pytest.mark.parametrize("order", [0, 1])
def test_same_grid_changes_nothing(order):
    array = np.random.default_rng(0).normal(0, 300, SOURCE.shape_zyx).astype(np.float32)
    np.testing.assert_array_equal(resample(array, SOURCE, SOURCE, order=order), array)


@pytest.mark.parametrize("angle", [0.0, 1e-3, 0.4])
@pytest.mark.parametrize("spacing_mm", [(0.5, 0.7, 1.3), (1.6, 1.9, 2.5)])
def test_linear_ramp_stays_exact(angle, spacing_mm):
    target = inside((5, 7, 6), spacing_mm, angle)
    np.testing.assert_allclose(resample(ramp(SOURCE), SOURCE, target), ramp(target), atol=2e-3)
