"""Errors of generated phases against withheld scans."""

import numpy as np
import pytest

from hepaphase.report.comparison import compare
from hepaphase.report.view import liver_view
from hepaphase.study.phase import Phase

from .cases import GRIDS, aligned


def test_errors_are_those_of_each_region():
    study = aligned(GRIDS["oblique"], noise_hu=0.0)
    truth = study.hu[Phase.AP] + 5.0
    truth[study.masks["lesions"] > 0] += 20.0
    result = compare(liver_view(study, withheld={Phase.AP: truth}), Phase.AP, reference=Phase.PVP)
    inside = (study.masks["lesions"] > 0).sum() / (study.masks["liver"] > 0).sum()
    assert result.lesions_mae_hu == pytest.approx(25.0)
    assert result.liver_mae_hu == pytest.approx(5.0 + 20.0 * inside, rel=1e-4)
    assert result.copy_liver_mae_hu > result.liver_mae_hu


def test_an_empty_region_has_no_error():
    study = aligned(GRIDS["oblique"], lesions=())
    truth = np.zeros_like(study.hu[Phase.DP])
    result = compare(liver_view(study, withheld={Phase.DP: truth}), Phase.DP, reference=Phase.PVP)
    assert result.lesions_mae_hu is None and result.copy_lesions_mae_hu is None
    assert result.liver_mae_hu is not None
