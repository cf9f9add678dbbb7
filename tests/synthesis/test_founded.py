from dataclasses import replace

import numpy as np
import pytest
import torch

from hepaphase.recipes.synthesis import SMALL
from hepaphase.study.phase import Phase
from hepaphase.synthesis.founded import GAIN, LIMIT_HU, SLACK_HU, unfounded_share
from hepaphase.synthesis.maps import NUM_MAPS, bounded_maps
from hepaphase.synthesis.network import Curves, KineticNetwork, Scanned
from hepaphase.synthesis.plain import RIM_VOXELS, off_liver


def test_what_is_left_of_a_change_is_what_the_scan_allows() -> None:
    change = torch.tensor([[[-30.0, 5.0], [8.0, -9.0], [0.0, 0.0], [60.0, 0.0], [500.0, 1.0]]])
    seen = torch.tensor([[0.0, 0.0, 0.0, SLACK_HU + 10, float("inf")]])
    left = (1 - unfounded_share(change, seen))[..., None] * change
    most = left.abs().amax(dim=2)[0]
    assert torch.allclose(most, torch.tensor([LIMIT_HU, 9.0, 0.0, LIMIT_HU + 10 * GAIN, 500.0]), atol=1e-4)


def test_only_voxels_near_the_surface_are_known_and_a_phase_that_did_not_scan_them_says_nothing() -> None:
    liver = np.zeros((24, 24, 24), np.uint8)
    liver[4:20, 4:20, 4:20] = 1
    hu = {Phase.NC: np.where(liver > 0, 50.0, -80.0), Phase.PVP: np.where(liver > 0, 110.0, 0.0)}
    hu[Phase.PVP][4:8] -= 30
    hu[Phase.NC][:9] = -1024.0
    found = off_liver(hu, liver)
    assert found is not None and np.isinf(found[12, 12, 12]) and np.isinf(found[liver == 0]).all()
    assert np.isfinite(found[12, 12, 4 : 5 + RIM_VOXELS]).all() and np.isinf(found[12, 12, 5 + RIM_VOXELS])
    assert found[4, 12, 12] > 25 and found[14, 12, 5] < 1
    assert off_liver(hu, None) is None and off_liver(hu, 0 * liver) is None
    assert (
        off_liver({Phase.AP: hu[Phase.NC]}, liver) is None
        and off_liver({**hu, Phase.AP: hu[Phase.NC]}, liver) is not None
    )


def test_beside_ap_without_nc_half_of_what_is_seen_beyond_the_slack_counts() -> None:
    liver = np.zeros((24, 24, 24), np.uint8)
    liver[4:20, 4:20, 4:20] = 1
    scan = np.where(liver > 0, 110.0, 0.0)
    scan[4:8] -= 30
    alone = off_liver({Phase.PVP: scan}, liver)
    both = off_liver({Phase.AP: scan, Phase.PVP: scan}, liver)
    with_nc = off_liver({Phase.NC: scan, Phase.AP: scan, Phase.PVP: scan}, liver)
    assert alone is not None and both is not None and with_nc is not None
    near = np.isfinite(alone)
    assert np.array_equal(with_nc[near], alone[near]) and np.isinf(both[~near]).all() and alone[near].max() > 25
    expected = np.minimum(alone, SLACK_HU) + np.maximum(alone - SLACK_HU, 0) / 2
    assert np.allclose(both[near], expected[near])


def test_the_rim_changes_no_more_than_the_scan_allows_and_what_is_taken_off_is_doubt() -> None:
    """The portal venous phase shows three voxels at the liver's level; the network reads the last two as bone."""
    network = KineticNetwork(replace(SMALL, channels=(8, 8, 8), num_fine=4, num_condition=8)).eval()
    raw = torch.zeros(1, 3, NUM_MAPS)
    raw[:, 1:, 5] = -6.0  # hardly any of the voxel takes up contrast
    here = torch.tensor([[False, False, True, False]])
    maps, liver = bounded_maps(raw, here), bounded_maps(torch.zeros(1, 8, NUM_MAPS), here)
    mixture = network.circulations.read(torch.zeros(1, network.circulations.num_outputs))
    curves = Curves(maps, mixture, torch.zeros(1, 3), plain=torch.zeros(1, 3), liver=liver)
    seen = torch.tensor([0.0, 0.0, torch.inf]).view(1, 1, 1, 3)
    times = torch.tensor([[0.0, 37.0, 70.0, 180.0]])
    shown = Scanned(torch.zeros(1, 4, 1, 1, 3), here, times, liver=torch.tensor([[0]]), seen=seen)
    with torch.no_grad():
        held = network._founded(curves, shown, None)
        beyond = network._beyond_liver(held, times)
        change = (beyond - held.given_hu[..., None]).abs().amax(dim=2)[0]
        own, wide = (network.at(one, times).sd_hu[0, :, 0] for one in (curves, held))
    assert change[0] == 0 and change[1] == change[2] > 3 * LIMIT_HU
    assert held.plain[0].tolist() == [0.0, pytest.approx(1 - LIMIT_HU / float(change[1]), abs=1e-4), 0.0]
    assert wide[0] == own[0] and wide[2] == own[2] and wide[1] > change[1] - LIMIT_HU - 1
    assert network._founded(curves, shown._replace(liver=torch.tensor([[-1]])), None).plain.sum() == 0
