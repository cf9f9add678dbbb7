import numpy as np
import pytest
import torch
from tests.synthesis.test_known_organs import SHAPE, made_of, network, study  # noqa: F401

from hepaphase.study.phase import Phase
from hepaphase.synthesis.arterial import arterial_excess, arterial_part
from hepaphase.synthesis.network import KineticNetwork


def test_only_an_arterial_phase_alone_is_looked_at() -> None:
    shown = study(Phase.AP)
    shown.hu[Phase.AP][5, 5, 5] += 30
    found = arterial_excess(shown.hu, shown.masks["liver"])
    assert found is not None and found[5, 5, 5] > 15 and not found[shown.masks["liver"] == 0].any()
    assert (
        arterial_excess(shown.hu, None) is None and arterial_excess(study(Phase.PVP).hu, shown.masks["liver"]) is None
    )
    assert arterial_excess(study(Phase.NC, Phase.AP).hu, shown.masks["liver"]) is None


def test_what_is_bright_without_contrast_is_blood_unless_it_is_calcium() -> None:
    level = torch.tensor([[50.0, 52.0, 50.0, 80.0, 80.0, 150.0]])
    excess = torch.tensor([[0.0, 9.0, 9.0, 40.0, 10.0, 90.0]])
    found = arterial_part(level, torch.tensor([[0, 1, 2]]), excess)
    assert found[0].tolist() == pytest.approx([0, 0, 0, 25, 10, 0])
    assert not arterial_part(level, torch.tensor([[-1, -1, -1]]), excess).any()


def test_a_spot_of_the_arterial_phase_falls_as_arterial_blood_does(network: KineticNetwork) -> None:  # noqa: F811
    shown, spot = study(Phase.AP), np.zeros(SHAPE, bool)
    spot[4:7, 4:7, 4:7] = True
    for mask in ("aorta", "kidneys", "gallbladder"):
        shown.masks.pop(mask)
    shown.hu[Phase.AP][:] = 60.0
    shown.hu[Phase.AP][spot] = 90.0
    found, _ = made_of(network, shown)
    above = found["liver"].max(axis=0) - np.median(found["liver"], axis=0)
    assert above[0] < 8 and above[1] > 20 and above[2] < above[1] - 5
