import numpy as np
import pytest
from tests.lab.studies import bench, simulated

from hepaphase.study.phase import Phase


@pytest.mark.parametrize("seed", [3, 7, 8])
def test_breathing_is_found_to_a_few_millimetres(seed) -> None:
    drawn = simulated(seed).truth.drawn["breath_mm"]
    for phase in Phase:
        assert np.abs(np.subtract(bench(seed).shift_mm[phase], drawn[phase])).max() < 3.5, phase
