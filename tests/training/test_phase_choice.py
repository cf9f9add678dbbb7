import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.study.phase import Phase
from hepaphase.training.phase_choice import PhaseChoice

ALL = tuple(Phase)


def test_every_subset_comes_up_and_the_favoured_ones_most() -> None:
    rng = np.random.default_rng(0)
    drawn = [PhaseChoice(all_share=0.4, nc_share=0.2).draw(ALL, rng) for _ in range(3000)]
    assert len(set(drawn)) == 15 and all(d for d in drawn)
    assert abs(np.mean([d == ALL for d in drawn]) - (0.4 + 0.4 / 15)) < 0.03
    assert abs(np.mean([d == (Phase.NC,) for d in drawn]) - (0.2 + 0.4 / 15)) < 0.03


def test_only_what_is_there_is_shown_in_order_of_time() -> None:
    rng = np.random.default_rng(0)
    there = (Phase.AP, Phase.DP)
    drawn = {PhaseChoice(all_share=0.2, nc_share=0.5).draw(there, rng) for _ in range(200)}
    assert drawn == {(Phase.AP,), (Phase.DP,), there}


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(ConfigError):
        PhaseChoice(all_share=0.8, nc_share=0.3)
