"""Iterative fusion against the recursion written out for one study at a time."""

import itertools

import pytest
import torch
from torch import nn

from hepaphase.base.errors import ConfigError
from hepaphase.diagnosis.build import NetworkConfig
from hepaphase.diagnosis.fusion import IterativeFusion, PhaseStem, PhaseStems, start_as_mean
from hepaphase.nn.conv import ConvNormAct

SUBSETS = [s for n in range(1, 5) for s in itertools.combinations(range(4), n)]


def stems() -> PhaseStems:
    torch.manual_seed(0)
    return PhaseStems(PhaseStem(ConvNormAct(2, 4), ConvNormAct(4, 6, stride=2)) for _ in range(4))


def fusion(num_operators: int) -> IterativeFusion:
    return IterativeFusion(nn.ModuleList(ConvNormAct(12, 6) for _ in range(num_operators)))


def by_hand(module: IterativeFusion, features: list[torch.Tensor], subset: tuple[int, ...]) -> torch.Tensor:
    h = features[subset[0]]
    for phase in subset[1:]:
        operator = module.operators[0] if len(module.operators) == 1 else module.operators[phase - 1]
        h = operator(torch.cat([h, features[phase]], dim=1))
    return h


def run(net: PhaseStems, module: IterativeFusion, x: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    return module([(p.index, p.rows, p.coarse) for p in net(x, present)], len(x))


@pytest.mark.parametrize("num_operators", [1, 3])
@torch.no_grad()
def test_every_subset_in_one_batch_equals_the_recursion_by_hand(num_operators: int) -> None:
    net, module = stems(), fusion(num_operators)
    x = torch.randn(len(SUBSETS), 4, 2, 4, 6, 8)
    present = torch.tensor([[p in s for p in range(4)] for s in SUBSETS])
    fused = run(net, module, x, present)
    for row, subset in enumerate(SUBSETS):
        features = [stem(x[row : row + 1, p])[1] for p, stem in enumerate(net)]
        torch.testing.assert_close(fused[row : row + 1], by_hand(module, features, subset), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_what_stands_in_the_place_of_a_missing_phase_is_never_read() -> None:
    net, module = stems(), fusion(1)
    x = torch.randn(1, 4, 2, 4, 4, 4)
    present = torch.tensor([[True, False, True, False]])
    changed = x.clone()
    changed[:, [1, 3]] = float("nan")
    assert torch.equal(run(net, module, x, present), run(net, module, changed, present))


@torch.no_grad()
def test_the_order_of_time_matters() -> None:
    net, module = stems(), fusion(1)
    x = torch.randn(1, 4, 2, 4, 4, 4)
    present = torch.ones(1, 4, dtype=torch.bool)
    features = [stem(x[:, p])[1] for p, stem in enumerate(net)]
    forward = run(net, module, x, present)
    torch.testing.assert_close(forward, by_hand(module, features, (0, 1, 2, 3)))
    assert not torch.allclose(forward, by_hand(module, features, (3, 2, 1, 0)), atol=1e-2)


def test_gradients_reach_every_stem_that_was_used_and_no_other() -> None:
    net, module = stems(), fusion(1)
    run(
        net, module, torch.randn(1, 4, 2, 4, 4, 4), torch.tensor([[True, False, False, True]])
    ).square().sum().backward()
    reached = [any(p.grad is not None for p in stem.parameters()) for stem in net]
    assert reached == [True, False, False, True]


@pytest.mark.parametrize("kernel", [1, 3])
@torch.no_grad()
def test_an_operator_can_start_as_nearly_the_mean_of_both_maps(kernel: int) -> None:
    torch.manual_seed(0)
    operator = ConvNormAct(12, 6, kernel=kernel, norm="none")
    one, two = (torch.rand(2, 6, 5, 6, 7) + 1 for _ in range(2))
    random = operator(torch.cat([one, two], dim=1))
    start_as_mean(operator)
    mean, fused = (one + two) / 2, operator(torch.cat([one, two], dim=1))
    assert (fused - mean).abs().mean() < 0.5 * (random - mean).abs().mean()
    assert not torch.equal(fused, mean)  # what else it may learn has not all the same gradient
    operator[0].weight[:, :] = 0
    start_as_mean(operator)
    torch.testing.assert_close(operator(torch.cat([one, two], dim=1)), mean)
    with pytest.raises(ConfigError, match="operator_start"):
        NetworkConfig(operator_start="zero")
