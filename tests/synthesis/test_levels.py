import numpy as np
import pytest

from hepaphase.study.phase import Phase
from hepaphase.synthesis.levels import LEVEL_OF_LIVER, NUM_LEVELS, level_hu, level_numbers, liver_places


@pytest.fixture
def body() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    hu, liver = np.full((30, 40, 46), -1000.0), np.zeros((30, 40, 46), np.uint8)
    hu[:, 4:36, 4:42] = 50 + rng.normal(0, 12, (30, 32, 38))
    liver[6:24, 8:26, 8:28] = 1
    hu[liver > 0] += 45
    hu[6:12, 8:14, 8:14] -= 60  # a lesion
    hu[:, 30:34, 34:38] += 180  # a vessel
    return hu, liver


def test_each_phase_has_its_own_numbers_and_absent_ones_none(body) -> None:
    hu, liver = body
    found = level_numbers({Phase.PVP: hu}, liver)
    assert found.size == NUM_LEVELS and not found[[0, 1, 3]].any() and found[2, :2].tolist() == [1, 1]
    assert level_hu(float(found[2, LEVEL_OF_LIVER])) == pytest.approx(95, abs=1.5)
    assert level_hu(float(found[2, -1])) == pytest.approx(230, abs=8)  # the vessel
    assert level_hu(float(found[2, 2])) < 50  # the lesion


def test_without_a_mask_the_liver_is_unknown_and_the_rest_is_told(body) -> None:
    hu, _ = body
    found = level_numbers({Phase.NC: hu}, None)
    assert not found[0, 0] and not found[0, 2:7].any() and found[0, 1] == 1 and found[0, 7:].any()
    np.testing.assert_array_equal(liver_places(None, 9), -1)


def test_a_larger_field_of_view_changes_nothing(body) -> None:
    hu, liver = body
    pads = [(20, 20)] * 3
    wide = level_numbers({Phase.AP: np.pad(hu, pads, constant_values=-1000.0)}, np.pad(liver, pads))
    np.testing.assert_allclose(wide, level_numbers({Phase.AP: hu}, liver), atol=0.02)


def test_what_was_not_scanned_does_not_count(body) -> None:
    hu, liver = body
    half = hu.copy()
    half[14:] = -1000.0
    found = level_numbers({Phase.NC: half}, liver)
    assert level_hu(float(found[0, LEVEL_OF_LIVER])) == pytest.approx(95, abs=3)


def test_places_lie_within_the_liver(body) -> None:
    _, liver = body
    for rng in (None, np.random.default_rng(1)):
        places = liver_places(liver, 64, rng)
        assert places.shape == (64,) and liver.ravel()[places].all()
    assert (liver_places(np.zeros_like(liver), 4) == -1).all()


def test_a_phase_that_is_not_in_hu_tells_nothing(body) -> None:
    hu, liver = body
    found = level_numbers({Phase.NC: hu + 1024, Phase.PVP: hu}, liver)
    assert not found[0].any() and found[2].any()
