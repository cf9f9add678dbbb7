import numpy as np
import pytest

from hepaphase.base.errors import GeometryError
from hepaphase.resample.grid import resample
from hepaphase.study.geometry import Geometry
from hepaphase.synthesis.apply import apply_generated, upsample_sd

HIGH = Geometry((40, 60, 50), (0.8, 0.9, 1.5), (-20.0, 31.5, 7.0))
LOW = Geometry((10, 9, 8), (4.0, 4.0, 4.0), (-16.0, 36.0, 12.0))


def test_no_difference_gives_the_reference_back() -> None:
    reference = np.random.default_rng(0).normal(60, 20, HIGH.shape_zyx).astype(np.float32)
    low = resample(reference, HIGH, LOW)
    np.testing.assert_array_equal(apply_generated(reference, HIGH, low, low, LOW), reference)


def test_enhancement_is_added_and_texture_kept() -> None:
    reference = np.random.default_rng(0).normal(60, 20, HIGH.shape_zyx).astype(np.float32)
    low = resample(reference, HIGH, LOW)
    made = apply_generated(reference, HIGH, low, low + np.float32(35.0), LOW)
    inside = resample(np.ones(LOW.shape_zyx, np.float32), LOW, HIGH, fill=0.0) == 1
    np.testing.assert_allclose((made - reference)[inside], 35.0, atol=1e-4)
    np.testing.assert_array_equal(made[~inside], reference[~inside])
    assert inside.any() and (~inside).any() and made.dtype == np.float32


def test_doubt_is_largest_where_the_model_did_not_look() -> None:
    sd = np.full(LOW.shape_zyx, 4.0, np.float32)
    sd[5, 5, 5] = 11.0
    made = upsample_sd(sd, LOW, HIGH)
    assert made[0, 0, 0] == 11.0 and made[20, 30, 25] == pytest.approx(4.0)


def test_an_array_off_its_grid_is_refused() -> None:
    with pytest.raises(GeometryError, match="shape"):
        upsample_sd(np.zeros((2, 3, 4), np.float32), LOW, HIGH)
