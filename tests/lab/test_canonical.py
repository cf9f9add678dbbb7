import numpy as np
import pytest

from hepaphase.lab.canonical import Canonical, box_at, places_of
from hepaphase.study.geometry import Geometry

STORED = {
    "along LPS": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "flipped": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "sagittal": ((0, 0, 1), (1, 0, 0), (0, -1, 0)),
}


@pytest.mark.parametrize("direction", STORED.values(), ids=STORED)
def test_the_view_is_the_same_memory_at_the_same_places(direction) -> None:
    stored = Geometry((5, 7, 9), (0.8, 1.1, 2.0), (-31.0, 12.5, 140.0), direction)
    array = np.random.default_rng(0).normal(size=stored.shape_zyx)
    canonical = Canonical.of(stored)
    view = canonical.view(array)
    assert np.shares_memory(view, array)
    np.testing.assert_allclose(canonical.geometry.direction, np.eye(3), atol=1e-12)
    for index in ((0, 0, 0), (1, 2, 3), tuple(n - 1 for n in view.shape)):
        at = stored.to_index_zyx(canonical.geometry.to_lps_mm(index))
        assert view[index] == array[tuple(np.round(at).astype(int))]


def test_a_box_beyond_the_volume_is_clipped() -> None:
    geometry = Geometry((10, 10, 10), (2.0, 2.0, 2.0), (5.0, 5.0, 5.0))
    assert box_at(geometry, (5.0, 5.0, 5.0), 4.0).start_zyx == (0, 0, 0)
    assert min(box_at(geometry, (500.0, 5.0, 5.0), 4.0).shape_zyx) == 0


def test_places_undo_breathing() -> None:
    geometry = Geometry((3, 4, 5), (2.0, 3.0, 4.0), (1.0, 2.0, 3.0))
    places = places_of(geometry, (0.5, -1.0, 2.0))
    assert (places.x[0, 0, 1], places.y[0, 1, 0], places.z[1, 0, 0]) == (2.5, 6.0, 5.0)
