import numpy as np
import pytest
from tests.toy_exams import aligned, toy_exam

from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.carry import Generator


@pytest.mark.parametrize(
    ("have", "target", "carried"),
    [
        ((Phase.NC, Phase.PVP), Phase.AP, Phase.PVP),
        ((Phase.NC, Phase.PVP), Phase.DP, Phase.PVP),
        ((Phase.NC, Phase.DP), Phase.AP, Phase.NC),
        ((Phase.NC,), Phase.DP, Phase.NC),
    ],
)
def test_the_nearest_phase_in_time_is_carried(have, target, carried) -> None:
    study = aligned(toy_exam(1), have)
    np.testing.assert_array_equal(Generator().generate(study, target).hu, study.hu[carried])


def test_doubt_grows_with_the_distance_in_time() -> None:
    study = aligned(toy_exam(1), (Phase.PVP,))
    near, far = (Generator().generate(study, Phase.DP, time_s=t).sd_hu.mean() for t in (90.0, 300.0))
    assert near < far
