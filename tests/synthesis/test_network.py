import numpy as np
import pytest
import torch

from hepaphase.kinetics.basis import basis_weights, enhancement, make_basis
from hepaphase.kinetics.circulation import circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient
from hepaphase.synthesis.circulations import Circulations, Mixture
from hepaphase.synthesis.network import HAEMATOCRIT, KineticNetwork, NetworkConfig, Scanned

TIMES_S = torch.tensor([[0.0, 3.0, 15.0, 31.3, 37.0, 70.2, 180.0, 330.0]]).repeat(2, 1)


@pytest.fixture
def network() -> KineticNetwork:
    torch.manual_seed(1)
    made = KineticNetwork(NetworkConfig())
    for layer in (made.out, made.exam):
        torch.nn.init.normal_(layer.weight, std=1.5)
    return made.eval()


def scanned(seed: int = 0, present: tuple[int, ...] = (1, 0, 1, 0)) -> Scanned:
    hu = torch.randn(2, 4, 16, 8, 24, generator=torch.Generator().manual_seed(seed)) * 40 + 60
    here = torch.tensor([present] * 2, dtype=torch.bool)
    return Scanned(hu, here, torch.tensor([[0.0, 35.0, 70.0, 180.0], [0.0, 30.0, 75.0, 200.0]]))


def test_every_curve_is_one_of_kinetics(network: KineticNetwork) -> None:
    """Take the predicted parameters out of torch, and compute the same curves with numpy from whole circulations."""
    with torch.no_grad():
        curves = network(scanned())
        found = network.at(curves, TIMES_S).hu - curves.level_hu[..., None]
        maps, shares = curves.maps, curves.mixture.shares * curves.mixture.scale[:, None]
    bases = [make_basis(c, TIMES_S[0].numpy()) for c in library()]
    expected = np.zeros(found.shape)
    for case in range(2):
        weights = basis_weights(*(m[case].double().numpy() for m in maps.tissue), haematocrit=HAEMATOCRIT)
        each = np.stack([enhancement(weights, basis) for basis in bases], axis=-1)
        expected[case] = 25.3 * maps.share[case, :, None].numpy() * (each @ shares[case].numpy())
    relative = np.abs(found.numpy() - expected).max() / np.abs(expected).max()
    assert np.abs(expected).max() > 20 and relative < 1e-3  # the library is kept in half precision


def library():
    for factor in np.geomspace(0.4, 1.7, 6):
        for duration_s in (20.0, 26.0, 32.0, 40.0):
            patient = Patient(age_years=55.0, height_cm=168.0, weight_kg=70.0, cardiac_output_factor=float(factor))
            yield circulate(patient, Injection.for_patient(70.0, duration_s=duration_s))


def test_one_member_at_any_time_is_within_a_hundredth_hu_of_kinetics() -> None:
    library_of = Circulations()
    times = np.array([3.0, 14.9, 22.25, 31.3, 37.77, 70.2, 181.1, 329.9])
    shares = torch.eye(24)[9:10]
    arterial, portal = library_of.basis(Mixture(shares, torch.ones(1)), torch.tensor(times[None], dtype=torch.float32))
    from hepaphase.kinetics.basis import basis_of_curves

    curves = library_of.curves_mg_per_ml[9].double().numpy()
    exact = basis_of_curves(np.arange(661) * 0.5, curves[0], curves[1], times)
    weights = basis_weights(25, 74, 0.15, 0.16, 395, haematocrit=0.4)
    found = enhancement(weights, type(exact)(arterial[0].double().numpy(), portal[0].double().numpy()))
    assert 25.3 * np.abs(found - enhancement(weights, exact)).max() < 0.01


def test_the_residual_is_zero_at_times_never_trained(network: KineticNetwork) -> None:
    network.note_trained(scanned().present | True, torch.tensor([[0.0, 29.5, 64.0, 170.0], [0.0, 41.0, 80.9, 205.0]]))
    assert network.trained_s.tolist() == [[30, 41], [64, 80], [170, 205]]
    times = torch.tensor([[0.0, 20.0, 30.0, 41.0, 52.0, 64.0, 80.0, 120.0, 170.0, 206.0, 330.0]]).repeat(2, 1)
    trained = torch.tensor([[35.0, 72.0, 180.0]]).repeat(2, 1)
    with torch.no_grad():
        curves = network(scanned())
        assert (network.at(curves, times).residual_hu == 0).all()
        inside = network.at(curves, trained)
    assert (inside.residual_hu.abs().amax(dim=1) > 0.1).all() and (inside.residual_hu.abs() <= 10).all()
    without = curves.level_hu[..., None] + (inside.hu - inside.residual_hu - curves.level_hu[..., None])
    torch.testing.assert_close(inside.hu - without, inside.residual_hu, atol=1e-3, rtol=0)


def test_before_contrast_arrives_there_is_only_the_level(network: KineticNetwork) -> None:
    with torch.no_grad():
        curves = network(scanned())
        early = network.at(curves, torch.tensor([[0.0, 5.0]] * 2)).hu
    torch.testing.assert_close(early, curves.level_hu[..., None].expand_as(early))


def test_absent_phases_are_not_seen(network: KineticNetwork) -> None:
    one, two = scanned(), scanned()
    two.hu[:, 1], two.hu[:, 3] = 1e6, -1e6
    two.time_s[:, 1] = 300.0
    with torch.no_grad():
        torch.testing.assert_close(network(one).level_hu, network(two).level_hu)


def test_some_voxels_are_the_same_as_all(network: KineticNetwork) -> None:
    picked = torch.tensor([[5, 3000, 17], [0, 1, 3071]])
    with torch.no_grad():
        features = network.features(scanned())
        few, all_of_them = network.curves(features, scanned(), picked), network(scanned())
        torch.testing.assert_close(few.level_hu, all_of_them.level_hu.gather(1, picked))
        few_hu = network.at(few, TIMES_S).hu
        all_hu = network.at(all_of_them, TIMES_S).hu
    torch.testing.assert_close(few_hu, all_hu.gather(1, picked[..., None].expand(-1, -1, 8)))


def test_a_brighter_scan_moves_every_time_alike(network: KineticNetwork) -> None:
    """What is scanned anchors the level: with the maps held, 10 HU more in is 10 HU more out."""
    with torch.no_grad():
        features = network.features(scanned())
        plain = network.curves(features, scanned(), None)
        brighter = network.curves(features, scanned()._replace(hu=scanned().hu + 10), None)
    rise = brighter.level_hu - plain.level_hu
    torch.testing.assert_close(rise, torch.full_like(rise, 10), atol=1e-3, rtol=0)


def test_parameters_are_those_of_a_tissue(network: KineticNetwork) -> None:
    from hepaphase.study.lesions import Tissue

    with torch.no_grad():
        tissue = network(scanned()).maps.tissue
    for values in zip(*(m.flatten()[::97].tolist() for m in tissue), strict=True):
        Tissue(50, *values)  # refuses what cannot be


def test_weights_loaded_from_elsewhere_bring_their_circulations(network: KineticNetwork) -> None:
    own, name = network.state_dict(), "circulations.curves_mg_per_ml"
    with torch.no_grad():
        before = network.at(network(scanned()), TIMES_S).hu
        network.load_state_dict({**own, name: 2 * own[name]})
        after = network.at(network(scanned()), TIMES_S).hu
    assert (before - after).abs().max() > 1


def told(seed: int, **facts: float) -> Scanned:
    from hepaphase.synthesis.facts import fact_numbers

    return scanned(seed, (1, 0, 0, 0))._replace(facts=torch.from_numpy(fact_numbers(facts)).repeat(2, 1))


def test_a_network_that_is_told_more_begins_as_the_one_before(network: KineticNetwork) -> None:
    from hepaphase.synthesis.facts import NUM_FACTS
    from hepaphase.synthesis.network import grown

    more = KineticNetwork(NetworkConfig(num_facts=NUM_FACTS)).eval()
    more.load_state_dict(grown(network.state_dict(), more))
    with torch.no_grad():
        before = network.at(network(scanned()), TIMES_S).hu
        for facts in (None, told(0, sex="F", age=50).facts, told(0, kvp=80).facts):  # with a portal venous phase
            after = more.at(more(scanned()._replace(facts=facts)), TIMES_S).hu
            torch.testing.assert_close(after, before)


def test_from_an_unenhanced_scan_alone_the_tube_voltage_counts_at_once() -> None:
    from hepaphase.synthesis.facts import NUM_FACTS

    torch.manual_seed(2)
    network = KineticNetwork(NetworkConfig(num_facts=NUM_FACTS)).eval()
    with torch.no_grad():
        scales = [float(network(told(0, **f)).mixture.scale[0]) for f in ({}, {"kvp": 120.0}, {"kvp": 80.0})]
    assert scales[0] == pytest.approx(scales[1], rel=0.02) and scales[2] > 1.4 * scales[1]
