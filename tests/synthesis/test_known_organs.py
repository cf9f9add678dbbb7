from dataclasses import replace

import numpy as np
import pytest
import torch

from hepaphase.kinetics.circulation import circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient
from hepaphase.nn.unet import GRID_MULTIPLE
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import AlignedStudy
from hepaphase.synthesis.circulations import ORGANS, Circulations, Mixture
from hepaphase.synthesis.grid import padded, scanned_of
from hepaphase.synthesis.known_organs import blood_levels, inner_share, organ_shares
from hepaphase.synthesis.network import KineticNetwork, NetworkConfig

SHAPE = (12, 20, 22)
WANTED_S = torch.tensor([[0.0, 37.0, 70.0, 180.0]])


def study(*phases: Phase) -> AlignedStudy:
    rng = np.random.default_rng(0)
    masks = {name: np.zeros(SHAPE, np.uint8) for name in ("liver", "aorta", "kidneys", "gallbladder")}
    masks["liver"][2:10, 2:10, 2:12] = 1
    masks["aorta"][:, 13:19, 2:8] = 1
    masks["kidneys"][2:10, 12:19, 12:20] = 1
    masks["gallbladder"][2:10, 2:9, 14:20] = 1
    hu = {p: (45 + rng.normal(0, 4, SHAPE)).astype(np.float32) for p in phases}
    for phase, volume in hu.items():
        volume[masks["aorta"] > 0] += {Phase.NC: 0, Phase.AP: 280, Phase.PVP: 130, Phase.DP: 70}[phase]
    return AlignedStudy(
        case="a",
        geometry=Geometry(SHAPE, (4.0, 4.0, 4.0), (3.0, -7.0, 11.0)),
        reference=phases[0],
        hu=hu,
        provenance=dict.fromkeys(phases, Provenance.MEASURED),
        time_s={p: {Phase.NC: 0.0, Phase.AP: 37.0, Phase.PVP: 70.0, Phase.DP: 180.0}[p] for p in phases},
        transforms=dict.fromkeys(phases, np.eye(4)),
        masks=masks,
    )


@pytest.fixture
def network() -> KineticNetwork:
    torch.manual_seed(2)
    made = KineticNetwork(NetworkConfig())
    torch.nn.init.normal_(made.out.weight, std=1.0)
    return made.eval()


def made_of(network: KineticNetwork, shown: AlignedStudy) -> tuple[dict[str, np.ndarray], Mixture]:
    with torch.no_grad():
        curves = network(padded(scanned_of(shown, torch.device("cpu")), GRID_MULTIPLE))
        hu = network.at(curves, WANTED_S).hu[0]
    size = [-(-n // GRID_MULTIPLE) * GRID_MULTIPLE for n in SHAPE]
    whole = hu.reshape(*size, 4)[: SHAPE[0], : SHAPE[1], : SHAPE[2]].numpy()
    return {name: whole[inner_share(mask > 0) == 1] for name, mask in shown.masks.items()}, curves.mixture


def test_known_organs_enhance_as_the_circulation_says(network) -> None:
    found, mixture = made_of(network, study(Phase.NC))
    with torch.no_grad():
        curves = 25.3 * network.circulations.organs_mg_per_ml(mixture, WANTED_S)[0].numpy()
    for mask, organ in (("aorta", "aorta"), ("kidneys", "kidney")):
        rise = found[mask] - found[mask][:, :1]
        np.testing.assert_allclose(rise, np.broadcast_to(curves[ORGANS.index(organ)], rise.shape), atol=0.05)
    np.testing.assert_allclose(np.ptp(found["gallbladder"], axis=1), 0, atol=0.01)
    assert np.ptp(found["liver"] - found["liver"][:, :1], axis=0).max() > 1  # the network's own, voxel by voxel


def test_the_curves_of_organs_are_those_of_whole_circulations() -> None:
    library = Circulations()
    flow = circulate(
        Patient(age_years=55.0, height_cm=168.0, weight_kg=70.0, cardiac_output_factor=0.4),
        Injection.for_patient(70.0, duration_s=20.0),
    )
    times = torch.tensor([[0.0, 33.3, 70.2, 211.0]])
    found = library.organs_mg_per_ml(Mixture(torch.eye(24)[:1], torch.ones(1)), times)[0].numpy()
    for number, name in enumerate(ORGANS):
        expected = np.interp(times[0].numpy(), flow.time_s, flow.mg_per_ml[name])
        np.testing.assert_allclose(found[number], expected, atol=0.01 * expected.max() + 1e-3)


def test_kidneys_that_a_contrast_phase_shows_stay_as_the_network_says() -> None:
    shown = study(Phase.PVP)
    shares = organ_shares(shown.hu, shown.masks)
    assert shares is not None and not shares[ORGANS.index("kidney")].any()
    assert shares[ORGANS.index("aorta")][6, 15:17, 4:6].min() == 1 and shares.sum(axis=0).max() <= 1


def test_fat_in_the_mask_of_an_organ_takes_up_nothing() -> None:
    shown = study(Phase.NC)
    shown.hu[Phase.NC][5:7, 15:17, 15:17] = -90.0
    shares = organ_shares(shown.hu, shown.masks)
    assert shares is not None and not shares[:, 5:7, 15:17, 15:17].any()


def test_without_masks_nothing_is_known() -> None:
    shown = study(Phase.PVP)
    assert organ_shares(shown.hu, {}) is None and np.isnan(blood_levels(shown.hu, {})).all()


def test_the_middle_of_the_aorta_is_read_in_every_phase() -> None:
    shown = study(Phase.NC, Phase.PVP)
    found = blood_levels(shown.hu, shown.masks)
    assert found[0, [0, 2]] == pytest.approx([45, 175], abs=1.5)
    assert np.isnan(found[0, [1, 3]]).all() and np.isnan(found[1]).all()


def test_another_grid_keeps_the_masks_of_organs(network) -> None:
    from hepaphase.synthesis.grid import _coarse

    fine = replace(study(Phase.NC), geometry=Geometry(SHAPE, (2.0, 2.0, 2.0), (3.0, -7.0, 11.0)))
    assert {"liver", "aorta", "kidneys"} <= _coarse(fine).masks.keys()
