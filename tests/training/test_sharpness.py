"""Sharpness-aware minimisation against its closed form on a quadratic."""

import pytest
import torch
from torch import nn

from hepaphase.base.errors import ConfigError
from hepaphase.training.sharpness import SharpnessAware

A = torch.diag(torch.tensor([4.0, 1.0, 0.25]))


def loss(w: torch.Tensor) -> torch.Tensor:
    return 0.5 * w @ A @ w


def test_a_step_on_a_quadratic_is_the_closed_form() -> None:
    start, radius, lr = torch.tensor([1.0, -2.0, 3.0]), 0.1, 0.01
    w = nn.Parameter(start.clone())
    optimizer = torch.optim.SGD([w], lr=lr)
    sharp = SharpnessAware(optimizer, radius=radius)
    loss(w).backward()
    gradient = A @ start
    assert sharp.climb() == pytest.approx(float(gradient.norm()))
    torch.testing.assert_close(w.detach(), start + radius * gradient / gradient.norm())
    optimizer.zero_grad()
    loss(w).backward()
    sharp.back()
    assert torch.equal(w.detach(), start)
    optimizer.step()
    torch.testing.assert_close(w.detach(), start - lr * A @ (start + radius * gradient / gradient.norm()))


def test_one_radius_is_shared_by_all_weights_and_what_has_no_gradient_stays() -> None:
    a, b, idle = (nn.Parameter(torch.tensor([v])) for v in (0.0, 0.0, 5.0))
    sharp = SharpnessAware(torch.optim.SGD([{"params": [a]}, {"params": [b, idle]}], lr=1.0), radius=1.0)
    (3 * a + 4 * b).sum().backward()
    sharp.climb()
    assert [round(p.item(), 6) for p in (a, b, idle)] == [0.6, 0.8, 5.0]


@pytest.mark.parametrize("slope", [0.0, float("inf"), float("nan")])
def test_where_there_is_no_direction_the_weights_stay(slope: float) -> None:
    w = nn.Parameter(torch.tensor([2.0]))
    sharp = SharpnessAware(torch.optim.SGD([w], lr=1.0), radius=1.0)
    w.grad = torch.tensor([slope])
    sharp.climb()
    assert w.item() == 2.0
    sharp.back()
    assert w.item() == 2.0


def test_a_radius_of_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match="radius"):
        SharpnessAware(torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0), radius=0.0)
