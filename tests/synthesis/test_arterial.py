from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.synthesis.test_known_organs import SHAPE, made_of, network, study  # noqa: F401

from hepaphase.study.phase import Phase
from hepaphase.synthesis.arterial import arterial_part, shining
from hepaphase.synthesis.grid import padded, scanned_of
from hepaphase.synthesis.network import KineticNetwork

SPOT = (slice(4, 7),) * 3


def test_what_shines_in_an_arterial_phase_alone_is_found() -> None:
    shown = study(Phase.AP)
    shown.hu[Phase.AP][SPOT] += 30
    liver = shown.masks["liver"]
    found = shining(shown.hu, liver)
    assert found is not None and found[0, 5, 5, 5] > 0.5 and found[1, 5, 5, 5] > 15
    assert not found[:, liver == 0].any() and 0 <= found[0].min() <= found[0].max() <= 1
    assert shining(shown.hu, None) is None and shining(study(Phase.NC).hu, liver) is None
    assert shining(study(Phase.AP, Phase.PVP).hu, liver) is None


@pytest.mark.parametrize("beside", [Phase.NC, Phase.DP])
def test_what_another_given_phase_shows_as_bright_is_no_artery(beside: Phase) -> None:
    shown = study(beside, Phase.AP)
    shown.hu[Phase.AP][SPOT] += 30
    liver = shown.masks["liver"]
    alone = shining({Phase.AP: shown.hu[Phase.AP]}, liver)
    dark = shining(shown.hu, liver)
    assert alone is not None and dark is not None and dark[:, 5, 5, 5] == pytest.approx(alone[:, 5, 5, 5])
    shown.hu[beside][SPOT] += 30
    bright = shining(shown.hu, liver)
    assert bright is not None and not bright[:, 5, 5, 5].any()


def test_what_is_wide_is_no_vessel() -> None:
    liver = np.zeros((24, 24, 24), np.uint8)
    liver[2:22, 2:22, 2:22] = 1
    hu = np.full(liver.shape, 60.0, np.float32)
    hu[5:12, 5:12, 5:12] += 40
    hu[16, 4:20, 16] += 80
    found = shining({Phase.AP: hu}, liver)
    assert found is not None and found[0, 8, 8, 8] == 0 and found[0, 16, 10, 16] == 1


def test_of_a_level_the_part_that_shines_is_blood_unless_it_is_calcium() -> None:
    found = arterial_part(torch.tensor([[2.0, 30.0, 30.0, 120.0]]), torch.tensor([[9.0, 40.0, 15.0, 130.0]]))
    assert found[0].tolist() == pytest.approx([0, 25, 10, 0])


def test_a_spot_of_the_arterial_phase_falls_as_arterial_blood_does(network: KineticNetwork) -> None:  # noqa: F811
    shown, spot = study(Phase.AP), np.zeros(SHAPE, bool)
    spot[SPOT] = True
    for mask in ("aorta", "kidneys", "gallbladder"):
        shown.masks.pop(mask)
    shown.hu[Phase.AP][:] = 60.0
    shown.hu[Phase.AP][spot] = 90.0
    found, _ = made_of(network, shown)
    above = found["liver"].max(axis=0) - np.median(found["liver"], axis=0)
    assert above[0] < 8 and above[1] > 20 and above[2] < above[1] - 5


def test_some_voxels_alone_are_read_as_all_of_them_are(network: KineticNetwork) -> None:  # noqa: F811
    shown = study(Phase.AP)
    shown.hu[Phase.AP][SPOT] += 30
    scanned = padded(scanned_of(replace(shown, masks={"liver": shown.masks["liver"]}), torch.device("cpu")), 8)
    times = torch.tensor([[0.0, 70.0]])
    with torch.no_grad():
        features = network.features(scanned)
        whole = network.at(network.curves(features, scanned, None), times)
        picked = torch.tensor([[3, 500, 900]])
        some = network.at(network.curves(features, scanned, picked), times)
    assert some.hu[0].numpy() == pytest.approx(whole.hu[0, picked[0]].numpy(), abs=1e-3)
