from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from hepaphase.phantom.detail import FULL_DETAIL
from hepaphase.phantom.finish import LATTICE_MM, draw_fields
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.population import REFERRAL
from hepaphase.phantom.simulate import SimulatedCase, simulate
from hepaphase.study.phase import Phase

GRID = Grid(shape_zyx=(36, 56, 72), spacing_zyx_mm=(6.0, 5.5, 5.0), whole_body=True)
SEED = 9


@pytest.fixture(scope="module")
def cases() -> tuple[SimulatedCase, SimulatedCase]:
    """The same patient with even organs, and with what they hold."""
    finished = replace(REFERRAL, detail=replace(REFERRAL.detail, finished=True))
    return simulate(SEED, grid=GRID), simulate(SEED, grid=GRID, population=finished)


def test_reference_cohorts_are_finished_and_others_are_not() -> None:
    assert FULL_DETAIL.finished and not REFERRAL.detail.finished
    fields = draw_fields(3)
    assert set(fields) == set(LATTICE_MM)
    assert all(field.std() == pytest.approx(1, abs=0.02) for field in fields.values())


def test_liver_and_lesions_stay_as_they_were(cases) -> None:
    plain, fine = cases
    masks = [case.study.masks["liver"][0] > 0 for case in cases]
    assert 2 * (masks[0] & masks[1]).sum() / (masks[0].sum() + masks[1].sum()) > 0.99
    np.testing.assert_array_equal(plain.study.masks["lesions"][0], fine.study.masks["lesions"][0])
    both = ndimage.binary_erosion((plain.truth.organs == Organ.LIVER) & (fine.truth.organs == Organ.LIVER))
    for phase in Phase:
        change = np.abs(fine.truth.reference_hu[phase] - plain.truth.reference_hu[phase])[both]
        assert both.sum() > 3000 and np.percentile(change, 95) < 0.5


def test_there_is_more_between_the_organs(cases) -> None:
    plain, fine = (case.truth.organs for case in cases)
    assert (fine == Organ.BOWEL).sum() > 1.3 * (plain == Organ.BOWEL).sum()
    hu = [case.truth.reference_hu[Phase.NC] for case in cases]
    fat = ndimage.binary_erosion((plain == Organ.FAT) & (fine == Organ.FAT))
    assert hu[1][fat].std() > hu[0][fat].std() + 3


def test_the_cortex_of_a_kidney_enhances_before_its_medulla(cases) -> None:
    spreads = {}
    for name, case in zip(("plain", "fine"), cases, strict=True):
        kidney = case.truth.organs == Organ.KIDNEY
        for phase in (Phase.NC, Phase.AP, Phase.DP):
            spreads[name, phase] = np.percentile(case.truth.reference_hu[phase][kidney], [30, 85])
    gap = {key: float(high - low) for key, (low, high) in spreads.items()}
    assert gap["fine", Phase.AP] > gap["plain", Phase.AP] + 20
    assert gap["fine", Phase.DP] < gap["fine", Phase.AP]


def test_vertebrae_have_a_canal(cases) -> None:
    plain, fine = (case.truth.organs for case in cases)
    assert ((plain == Organ.BONE) & (fine == Organ.SOFT_TISSUE)).sum() > 50
