import numpy as np
import pytest

from hepaphase.phantom.smooth import smooth_noise


@pytest.mark.parametrize(("shape", "cell"), [((20, 31, 17), 4.0), ((12, 12, 40), 9.5), ((1, 5, 7), 30.0)])
def test_has_the_shape_and_unit_variance(shape: tuple[int, int, int], cell: float) -> None:
    field = smooth_noise(np.random.default_rng(1), shape, cell)
    assert field.shape == shape and field.dtype == np.float32
    assert np.isclose(field.std(), 1, atol=1e-3)


def test_neighbors_are_alike_and_distant_places_are_not() -> None:
    field = smooth_noise(np.random.default_rng(2), (40, 40, 40), 8)
    near = np.abs(np.diff(field, axis=2)).mean()
    far = np.abs(field[..., 20:] - field[..., :-20]).mean()
    assert near < 0.3 * far
