"""Rivals of the iterative fusion against loops over one study at a time, and on permuted phases."""

import itertools

import pytest
import torch

from hepaphase.diagnosis.fusion import PhaseStem
from hepaphase.diagnosis.fusion_rivals import ConvLstmFusion, MomentFusion, StackedStem
from hepaphase.nn.conv import ConvNormAct

SUBSETS = [s for n in range(1, 5) for s in itertools.combinations(range(4), n)]
PRESENT = torch.tensor([[p in s for p in range(4)] for s in SUBSETS])
SHAPE = (3, 4, 4)


def features() -> torch.Tensor:
    return torch.randn(len(SUBSETS), 4, 5, *SHAPE, generator=torch.Generator().manual_seed(0))


def parts(x: torch.Tensor, order: tuple[int, ...] = (0, 1, 2, 3)) -> list[tuple[int, torch.Tensor, torch.Tensor]]:
    rows = {p: PRESENT[:, p].nonzero().flatten() for p in order}
    return [(p, rows[p], x[rows[p], p]) for p in order]


@torch.no_grad()
def test_moments_equal_mean_and_variance_of_what_is_there_in_any_order() -> None:
    torch.manual_seed(0)
    x, module = features(), MomentFusion(ConvNormAct(10, 5, norm="none"))
    fused = module(parts(x), len(x))
    for row, subset in enumerate(SUBSETS):
        own = x[row, list(subset)]
        spread = own.var(0) if len(subset) > 1 else torch.zeros_like(own[0])
        torch.testing.assert_close(fused[row], module.operator(torch.cat([own.mean(0), spread])[None])[0])
    torch.testing.assert_close(module(parts(x, (3, 1, 0, 2)), len(x)), fused)


@torch.no_grad()
def test_the_lstm_equals_the_recursion_by_hand_and_knows_the_order_of_time() -> None:
    torch.manual_seed(0)
    x, module = features(), ConvLstmFusion(5)
    fused = module(parts(x), len(x))
    for row, subset in enumerate(SUBSETS):
        h = c = torch.zeros(1, 5, *SHAPE)
        for phase in subset:
            keep, take, show, new = module.gates(torch.cat([x[row : row + 1, phase], h], dim=1)).chunk(4, dim=1)
            c = torch.sigmoid(keep) * c + torch.sigmoid(take) * torch.tanh(new)
            h = torch.sigmoid(show) * torch.tanh(c)
        torch.testing.assert_close(fused[row : row + 1], h)
    assert not torch.allclose(module(parts(x, (3, 2, 1, 0)), len(x)), fused, atol=1e-3)


@torch.no_grad()
def test_stacking_reads_zero_for_what_is_missing_whatever_stands_there() -> None:
    torch.manual_seed(0)
    stem = StackedStem(PhaseStem(ConvNormAct(8, 4, norm="none"), ConvNormAct(4, 6, stride=2, norm="none")))
    x = torch.randn(len(SUBSETS), 4, 2, 4, 4, 4)
    (part,) = stem(x, PRESENT)
    for row, subset in enumerate(SUBSETS):
        seen = torch.zeros(4, 2, 4, 4, 4)
        seen[list(subset)] = x[row, list(subset)]
        torch.testing.assert_close(part.fine[row : row + 1], stem.stem.first(seen.flatten(0, 1)[None]))
    hidden = x.masked_fill(~PRESENT[:, :, None, None, None, None], float("nan"))
    assert torch.equal(stem(hidden, PRESENT)[0].coarse, part.coarse)


@pytest.mark.parametrize("kind", ["moments", "convlstm"])
def test_gradients_reach_every_phase(kind: str) -> None:
    x = features().requires_grad_()
    module = ConvLstmFusion(5) if kind == "convlstm" else MomentFusion(ConvNormAct(10, 5, norm="none"))
    module(parts(x), len(x)).square().sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad.flatten(2).abs().sum(2) > 0, PRESENT)
