import numpy as np
import pytest
import torch
from tests.synthesis.test_known_organs import SHAPE, made_of, network, study  # noqa: F401

from hepaphase.study.phase import Phase
from hepaphase.synthesis.grid import scanned_of
from hepaphase.synthesis.network import KineticNetwork
from hepaphase.synthesis.organ_gains import LATE, REGIONS, region_shares, voxel_gains, with_late_curves

PRESENT = {Phase.PVP: [False, False, True, False], Phase.NC: [True, False, True, False]}


def gain_of_aorta(without_hu: float, portal_hu: float, rise_hu: float, shown: Phase) -> float:
    """Twenty voxels of aorta beside twenty of nothing known."""
    seen, rise = torch.zeros(1, 40, 4), torch.zeros(1, 40, 4)
    seen[:, :, 0], seen[:, :, 2], rise[:, :, 2] = without_hu, portal_hu, rise_hu
    shares = torch.zeros(1, 40, len(REGIONS))
    shares[:, :20, REGIONS.index("aorta")] = 1
    gains = voxel_gains(seen, rise, rise[..., 2], shares, torch.tensor([PRESENT[shown]]))
    assert (gains[0, 20:] == 1).all() and float(gains[0, :20].std()) < 1e-5
    return float(gains[0, 0])


@pytest.mark.parametrize(("portal_hu", "rise_hu"), [(166.0, 152.0), (166.0, 90.0), (120.0, 95.0)])
def test_blood_is_blood_before_contrast_whatever_was_read_of_the_exam(portal_hu: float, rise_hu: float) -> None:
    gain = gain_of_aorta(0.0, portal_hu, rise_hu, Phase.PVP)
    assert portal_hu - gain * rise_hu == pytest.approx(40, abs=6)


def test_a_non_contrast_scan_tells_more_than_what_is_usual() -> None:
    gain = gain_of_aorta(28.0, 166.0, 152.0, Phase.NC)
    assert 166 - gain * 152 == pytest.approx(30, abs=4)


def test_a_gain_beyond_all_reason_is_not_believed() -> None:
    assert gain_of_aorta(0.0, 400.0, 60.0, Phase.PVP) <= 2.5


def test_the_generator_leaves_an_aorta_of_forty_and_the_rest_alone(network: KineticNetwork) -> None:  # noqa: F811
    shown = study(Phase.PVP)
    known, _ = made_of(network, shown)
    without, scanned = np.median(known["aorta"][:, 0]), np.median(known["aorta"][:, 2])
    assert scanned - without == pytest.approx(175 - 40, abs=9)


def test_what_is_no_known_organ_stays_as_it_was(network: KineticNetwork) -> None:  # noqa: F811
    shown = study(Phase.AP, Phase.PVP)
    known, _ = made_of(network, shown)
    for name in ("aorta", "kidneys"):
        shown.masks[name][:] = 0
    bare, _ = made_of(network, shown)
    np.testing.assert_allclose(known["liver"], bare["liver"], atol=1e-3)


def test_without_contrast_agent_nothing_is_told_of_regions() -> None:
    shown = study(Phase.NC)
    assert region_shares(shown.hu, shown.masks) is None and scanned_of(shown, torch.device("cpu")).regions is None
    shares = region_shares(study(Phase.PVP).hu, shown.masks)
    assert shares is not None and shares.shape == (len(REGIONS), *SHAPE) and shares.sum(axis=0).max() <= 1


def test_kidneys_wash_out_as_the_circulation_says_after_the_last_scan() -> None:
    rise, last = torch.full((1, 2, 3), 100.0), torch.full((1, 2, 1), 120.0)
    shares = torch.zeros(1, 2, len(REGIONS))
    shares[:, 0, REGIONS.index("kidneys")] = 1
    late = torch.zeros(1, len(LATE), 3)
    late[:, list(LATE).index("kidneys"), 1:] = torch.tensor([0.9, 0.6])
    found = with_late_curves(rise, last, late, shares)
    assert found[0, 0].tolist() == pytest.approx([100, 108, 72]) and (found[0, 1] == 100).all()


def test_a_liver_that_takes_too_much_of_its_blood_is_drawn_towards_what_livers_take() -> None:
    gains = {}
    for share in (0.45, 0.55, 0.8):
        seen, rise, late = torch.full((1, 40, 4), 40.0), torch.zeros(1, 40, 4), torch.full((1, 40), 100.0)
        shares = torch.zeros(1, 40, len(REGIONS))
        shares[:, :20, REGIONS.index("aorta")] = 1
        shares[:, 20:, REGIONS.index("liver")] = 1
        rise[:, :20, 2], rise[:, 20:, 2], late[:, 20:] = 100.0, 85.0, 100 * share
        seen[:, :20, 2], seen[:, 20:, 2] = 140.0, 145.0
        found = voxel_gains(seen, rise, late, shares, torch.tensor([PRESENT[Phase.PVP]]))[0]
        assert found[:20].mean() == pytest.approx(1, abs=0.02)
        gains[share] = float(found[20:].mean())
    assert gains[0.45] > 1.03 and gains[0.55] == pytest.approx(1, abs=0.01) and 0.8 < gains[0.8] < 0.95


def test_an_arterial_phase_tells_the_level_of_the_liver_by_itself() -> None:
    late, early = study(Phase.PVP), study(Phase.AP, Phase.PVP)
    place = REGIONS.index("liver")
    assert region_shares(late.hu, late.masks)[place].any() and not region_shares(early.hu, early.masks)[place].any()
