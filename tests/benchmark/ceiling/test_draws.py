"""Drawn lesions: the same every time, and what the class table says."""

import numpy as np
import pytest

from hepaphase.benchmark.ceiling.describe import VALUES
from hepaphase.benchmark.ceiling.draws import FIRST_SEED, WITH_LESION, draw_many, draws_for
from hepaphase.benchmark.ceiling.measure import CLASSES, CLINICAL
from hepaphase.phantom.cohorts import COHORTS
from hepaphase.phantom.seeds import SEED_RANGES

NUM = 40


@pytest.fixture(scope="module")
def draws():
    return draw_many(NUM, quiet=True)


def test_the_same_seeds_draw_the_same(draws) -> None:
    again = draw_many(2, quiet=True)
    mine = draws.owner < 2
    assert np.array_equal(again.mixed, draws.mixed[mine], equal_nan=True)
    assert len(draws.context) == NUM
    assert np.isfinite(draws.clinical).all()
    assert draws.clinical.shape[1] == len(CLINICAL)


def test_no_test_patient_is_drawn() -> None:
    assert FIRST_SEED in SEED_RANGES["train"]
    assert max(COHORTS["main-train"].seeds()) < FIRST_SEED


def test_lesions_look_like_their_class(draws) -> None:
    mean, ring = VALUES.index("mean"), VALUES.index("ring")
    cysts = draws.lesion_class == CLASSES.index("cyst")
    assert np.abs(np.ptp(draws.pure[cysts, :, mean], axis=1)).max() < 15  # no enhancement, only calibration
    liver = draws.context[draws.owner][:, :, 0]
    assert np.abs(draws.mixed[~cysts, 0, ring] - liver[~cysts, 0]).mean() < 8
    aorta = draws.context[:, :, 1]
    assert (aorta[:, 1] > aorta[:, 3]).mean() > 0.9


def test_reference_cohorts_are_drawn_with_their_own_lesions(draws) -> None:
    assert draws_for(COHORTS["main-test"].population) == WITH_LESION
    own = draws_for(COHORTS["sim-1k-test"].population)
    assert own.detail.signs and own.lesion_free == 0
    fine = draw_many(NUM, population=own, quiet=True)
    assert np.isfinite(fine.mixed).all() and len(fine.owner) > NUM / 2
    assert np.array_equal(fine.main_class, draws.main_class)  # same people, other lesions
    assert not np.array_equal(fine.mixed[: len(draws.mixed)], draws.mixed[: len(fine.mixed)])
