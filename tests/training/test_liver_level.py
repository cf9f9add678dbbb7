import copy
from dataclasses import replace

import pytest
import torch
from tests.toy_exams import aligned, toy_exam, write_prepared

from hepaphase.recipes.synthesis import SMALL
from hepaphase.study.phase import Phase
from hepaphase.synthesis.generators.kinetic import Generator
from hepaphase.synthesis.grid import padded, scanned_of
from hepaphase.synthesis.liver_level import KNOTS_S, LEVEL_SCALE_HU
from hepaphase.synthesis.network import KineticNetwork
from hepaphase.training.liver_level import fit_liver_level, level_cases, level_errors

CPU = torch.device("cpu")
EARLY = KNOTS_S.index(20.0)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> KineticNetwork:
    """An untrained network that knows the level of the livers of twelve exams."""
    folder = tmp_path_factory.mktemp("toys")
    files = [write_prepared(toy_exam(seed), folder) for seed in range(12)]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = KineticNetwork(replace(SMALL, channels=(8, 8, 8), num_fine=4, num_condition=16))
    cases = level_cases(files)
    assert len(cases) == 12
    fit_liver_level(made, cases, num_steps=300)
    (line,) = level_errors(made, cases, ((Phase.NC,),))
    assert line.startswith("NC to AP ") and all(float(part.split()[1]) < 8 for part in line[6:-3].split(", "))
    last = made.liver_level.layers[-1]
    with torch.no_grad():  # toy exams have no phase near 20 s, so nothing taught the head that nothing has arrived then
        last.weight[EARLY], last.bias[EARLY] = last.weight[0], last.bias[0]
    return made.eval()


def error_of_level(network: KineticNetwork, *, masked: bool) -> float:
    """Mean absolute error of the liver's median, NC and PVP to the other, exams seen in the fit."""
    errors = []
    generator = Generator(network)
    for seed in (3, 8):
        exam = toy_exam(seed)
        for given, wanted in ((Phase.NC, Phase.PVP), (Phase.PVP, Phase.NC)):
            study = aligned(exam, (given,))
            liver = (exam.labels == 1).astype("uint8")
            study = replace(study, masks={"liver": liver} if masked else {})
            made = generator.generate(study, wanted, time_s=exam.time_s[wanted]).hu
            errors.append(abs(float((made - exam.clean_hu[wanted])[liver > 0].mean())))
    return sum(errors) / len(errors)


def test_the_circulation_agrees_with_the_level_expected(network: KineticNetwork) -> None:
    assert error_of_level(network, masked=True) < 6 < error_of_level(network, masked=False)


def test_an_expectation_that_rises_before_anything_can_arrive_is_hardly_followed(network: KineticNetwork) -> None:
    odd = copy.deepcopy(network)
    with torch.no_grad():
        odd.liver_level.layers[-1].bias[EARLY] += 60 / LEVEL_SCALE_HU
    study = replace(aligned(toy_exam(5), (Phase.PVP,)), masks={"liver": (toy_exam(5).labels == 1).astype("uint8")})
    scanned = padded(scanned_of(study, CPU), 8)
    with torch.no_grad():
        plain = network(scanned._replace(liver=None)).mixture.scale
        moved, held = (abs(float(made(scanned).mixture.scale - plain)) for made in (network, odd))
    assert held < 0.5 * moved


def test_curves_stay_those_of_a_possible_circulation(network: KineticNetwork) -> None:
    study = aligned(toy_exam(5), (Phase.PVP,))
    study = replace(study, masks={"liver": (toy_exam(5).labels == 1).astype("uint8")})
    scanned = padded(scanned_of(study, CPU), 8)
    with torch.no_grad():
        fitted, plain = network(scanned).mixture, network(scanned._replace(liver=None)).mixture
    assert (fitted.shares >= 0).all() and float(fitted.shares.sum()) == pytest.approx(1) and float(fitted.scale) > 0
    assert not torch.allclose(fitted.scale, plain.scale)


def test_positions_follow_the_volume_when_it_is_padded() -> None:
    exam = toy_exam(2, (21, 30, 37))
    study = replace(aligned(exam), masks={"liver": (exam.labels == 1).astype("uint8")})
    scanned = scanned_of(study, CPU)
    wide = padded(scanned, 8)
    assert scanned.liver is not None and wide.liver is not None and wide.hu.shape[2:] == (24, 32, 40)
    for one in (scanned, wide):
        seen = one.hu[0, 0].flatten()[one.liver[0]]
        assert torch.equal(seen, scanned.hu[0, 0].flatten()[scanned.liver[0]])
