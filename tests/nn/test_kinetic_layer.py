import numpy as np
import pytest
import torch

from hepaphase.kinetics.basis import basis_weights, enhancement, make_basis
from hepaphase.kinetics.circulation import Circulation, circulate
from hepaphase.kinetics.injection import Injection
from hepaphase.kinetics.patient import Patient
from hepaphase.kinetics.tissue import enhancement_mg_ml
from hepaphase.kinetics.tube import kappa_hu_per_mg_ml
from hepaphase.nn.kinetic_layer import TissueMaps, interpolate_basis, tissue_enhancement
from hepaphase.study.lesions import LESION_CLASSES, LIVER_CIRRHOSIS, LIVER_NORMAL, Tissue

TIMES_S = np.array([0.0, 15.0, 25.0, 37.0, 52.5, 70.0, 180.0, 329.0])
BLOOD = Tissue(40, 6000, 0.1, 0.95, 0.03, 0.5)
KAPPA = kappa_hu_per_mg_ml(120)


@pytest.fixture(scope="module")
def circulation() -> Circulation:
    return circulate(Patient(weight_kg=65, height_cm=165), Injection.for_patient(65))


def maps_of(tissues: list[Tissue], dtype: torch.dtype) -> TissueMaps:
    names = ("arterial_flow", "portal_flow", "blood_fraction", "interstitium_fraction", "permeability")
    return TissueMaps(*(torch.tensor([[getattr(t, name) for t in tissues]], dtype=dtype) for name in names))


def bases(circulation: Circulation, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    basis = make_basis(circulation, TIMES_S)
    return torch.tensor(basis.arterial, dtype=dtype)[None], torch.tensor(basis.portal, dtype=dtype)[None]


def random_tissues(num: int) -> list[Tissue]:
    rng = np.random.default_rng(3)
    low, high = np.log([1, 0.05, 0.01, 0.03, 0.5]), np.log([6000, 6000, 0.5, 0.6, 600])
    return [Tissue(50, *np.exp(rng.uniform(low, high))) for _ in range(num)]


def test_the_layer_equals_kinetics_for_every_tissue_we_know(circulation: Circulation) -> None:
    tissues = [t for row in LESION_CLASSES.values() for t in row.tissues.values()]
    tissues = [t for t in tissues if t.arterial_flow > 0] + [LIVER_NORMAL, LIVER_CIRRHOSIS, BLOOD]
    expected = np.stack([enhancement_mg_ml(t, circulation, TIMES_S) for t in tissues])
    found = tissue_enhancement(
        maps_of(tissues, torch.float32), *bases(circulation, torch.float32), haematocrit=circulation.haematocrit
    )
    assert np.abs(found[0].numpy() - expected).max() * KAPPA < 0.01


def test_the_layer_equals_the_fast_form_everywhere_in_its_bounds(circulation: Circulation) -> None:
    maps = maps_of(random_tissues(400), torch.float64)
    weights = basis_weights(*(m[0].numpy() for m in maps), haematocrit=circulation.haematocrit)
    expected = enhancement(weights, make_basis(circulation, TIMES_S))
    exact = tissue_enhancement(maps, *bases(circulation, torch.float64), haematocrit=circulation.haematocrit)
    single = tissue_enhancement(
        TissueMaps(*(m.float() for m in maps)),
        *bases(circulation, torch.float32),
        haematocrit=circulation.haematocrit,
    )
    assert np.abs(exact[0].numpy() - expected).max() * KAPPA < 1e-6
    assert np.abs(single[0].numpy() - expected).max() * KAPPA < 0.01


def test_gradients_agree_with_finite_differences(circulation: Circulation) -> None:
    chosen = [LIVER_NORMAL, LIVER_CIRRHOSIS, BLOOD, *random_tissues(6)]
    tissue = [m.requires_grad_() for m in maps_of(chosen, torch.float64)]
    arterial, portal = (b.requires_grad_() for b in bases(circulation, torch.float64))

    def layer(*arguments: torch.Tensor) -> torch.Tensor:
        return tissue_enhancement(TissueMaps(*arguments[:5]), *arguments[5:], haematocrit=0.4)

    assert torch.autograd.gradcheck(layer, (*tissue, arterial, portal), eps=1e-6, atol=1e-5)


def test_a_mixture_of_inputs_gives_the_mixture_of_curves(circulation: Circulation) -> None:
    maps = maps_of(random_tissues(20), torch.float64)
    slow = circulate(Patient(cardiac_output_factor=0.5), Injection.for_patient(70))
    one, two = bases(circulation, torch.float64), bases(slow, torch.float64)
    mixed = [0.3 * a + 0.7 * b for a, b in zip(one, two, strict=True)]
    apart = [tissue_enhancement(maps, *basis, haematocrit=0.4) for basis in (one, two)]
    together = tissue_enhancement(maps, *mixed, haematocrit=0.4)
    torch.testing.assert_close(together, 0.3 * apart[0] + 0.7 * apart[1])


@pytest.mark.parametrize("rate_per_s", [1e-5, 3e-4, 5e-4, 0.0123, 2.9, 3.0, 17.0, 200.0])
def test_every_rate_is_interpolated_as_kinetics_does(circulation: Circulation, rate_per_s: float) -> None:
    from hepaphase.kinetics.basis import rate_weights

    arterial, _ = bases(circulation, torch.float64)
    found = interpolate_basis(torch.tensor([[rate_per_s]], dtype=torch.float64), arterial)
    np.testing.assert_allclose(found[0, 0].numpy(), rate_weights(rate_per_s) @ arterial[0].numpy(), atol=1e-10)
