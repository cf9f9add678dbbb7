"""What a report refuses to be made of."""

from dataclasses import replace

import numpy as np
import pytest

from hepaphase.base.errors import GeometryError, StudyError
from hepaphase.report.input import PhaseFacts
from hepaphase.study.phase import Phase

from .cases import GRIDS, aligned, report_input


@pytest.fixture
def report():
    return report_input(aligned(GRIDS["axial thin"]))


def test_generated_phases_are_those_not_scanned(report):
    assert report.generated == (Phase.AP, Phase.DP)
    assert report.phases == tuple(Phase)


def test_every_phase_needs_facts(report):
    with pytest.raises(StudyError, match="DP"):
        replace(report, facts={p: report.facts[p] for p in (Phase.NC, Phase.AP, Phase.PVP)})


def test_a_scanned_phase_cannot_have_been_withheld(report):
    with pytest.raises(StudyError, match="PVP was withheld"):
        replace(report, withheld={Phase.PVP: report.study.hu[Phase.PVP]})


def test_a_withheld_phase_lies_on_the_grid_of_the_study(report):
    with pytest.raises(GeometryError, match="Withheld AP"):
        replace(report, withheld={Phase.AP: np.zeros((2, 3, 4), dtype=np.float32)})


def test_a_time_has_a_known_source():
    with pytest.raises(StudyError, match="guessed"):
        PhaseFacts(recognised_by="flag", time_source="guessed")
