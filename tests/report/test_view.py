"""The part of a study that is shown."""

import numpy as np
import pytest

from hepaphase.report.view import MARGIN_MM, liver_view
from hepaphase.study.phase import Phase

from .cases import GRIDS, LESIONS, LIVER, aligned


@pytest.mark.parametrize("name", GRIDS)
def test_liver_with_margin_is_kept_and_the_rest_is_not(name):
    study = aligned(GRIDS[name])
    view = liver_view(study, withheld={})
    assert view.liver.sum() == (study.masks["liver"] > 0).sum()
    extent = np.asarray(view.geometry.shape_zyx) * view.geometry.spacing_zyx_mm
    wanted = 2 * np.asarray(LIVER.radii_mm[::-1]) + 2 * MARGIN_MM
    if name != "oblique":
        assert (np.abs(extent - wanted) < 3.1 * np.asarray(view.geometry.spacing_zyx_mm)).all()
    assert np.shares_memory(view.hu[Phase.PVP], study.hu[Phase.PVP])


@pytest.mark.parametrize("name", GRIDS)
def test_places_in_the_view_are_places_in_the_patient(name):
    view = liver_view(aligned(GRIDS[name]), withheld={})
    centre = view.geometry.to_lps_mm(np.argwhere(view.lesions == 1).mean(axis=0))
    assert centre == pytest.approx(LESIONS[0].centre_lps_mm, abs=1.3)


def test_everything_is_shown_when_there_is_no_liver():
    study = aligned(GRIDS["coronal"], lesions=())
    study.masks["liver"][:] = 0
    assert liver_view(study, withheld={}).geometry.shape_zyx == (44, 52, 64)
