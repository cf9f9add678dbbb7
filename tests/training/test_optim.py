import pytest
import torch
from torch import nn

from hepaphase.training.optim import Ema, Precision, cosine_lr, num_parameters, poly_lr, set_lr
from hepaphase.training.task import Progress


def test_poly_goes_from_the_rate_to_nothing() -> None:
    rates = [poly_lr(0.1, Progress(step, 10)) for step in range(10)]
    assert rates[0] == 0.1
    assert rates == sorted(rates, reverse=True)
    assert rates[5] == pytest.approx(0.1 * 0.5**0.9)


def test_cosine_ends_near_its_final_rate() -> None:
    assert cosine_lr(1.0, Progress(0, 100)) == 1.0
    assert cosine_lr(1.0, Progress(50, 100), final=0.2) == pytest.approx(0.6)
    assert cosine_lr(1.0, Progress(99, 100), final=0.2) == pytest.approx(0.2, abs=1e-3)


def test_warm_up_is_linear() -> None:
    assert [poly_lr(1.0, Progress(s, 10**9), warmup=4) for s in range(5)] == pytest.approx([0.25, 0.5, 0.75, 1, 1])


def test_groups_may_scale_their_rate() -> None:
    a, b = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([{"params": [a]}, {"params": [b], "scale": 0.1}], lr=1.0)
    set_lr(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.05]


def test_gradients_are_clipped_together() -> None:
    weight = nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    norm = Precision(torch.device("cpu"), amp=False).step(
        (weight * torch.tensor([3.0, 4.0])).sum(), optimizer, max_norm=1
    )
    assert norm == pytest.approx(5.0)
    assert weight.detach().tolist() == pytest.approx([-0.6, -0.8])


def test_the_average_follows_weights_and_copies_counters() -> None:
    net = nn.BatchNorm1d(3)
    ema = Ema(net, decay=0.5)
    with torch.no_grad():
        net.weight.fill_(3.0)
        net.num_batches_tracked.fill_(7)
    ema.update()
    assert ema.weights["weight"].tolist() == pytest.approx([3 - 2 * 2 / 11] * 3)  # decay (1 + 1) / (10 + 1) at first
    assert int(ema.weights["num_batches_tracked"]) == 7
    with ema.applied():
        assert net.weight[0].item() == pytest.approx(3 - 4 / 11)
    assert net.weight[0].item() == 3.0


def test_an_average_comes_back_with_its_count() -> None:
    net = nn.Linear(2, 2)
    first, second = Ema(net), Ema(nn.Linear(2, 2))
    first.update()
    second.load_state_dict(first.state_dict())
    assert second.state_dict()["updates"] == 1
    assert torch.equal(second.weights["weight"], net.weight.detach())


def test_trainable_numbers_are_counted() -> None:
    assert num_parameters([nn.Linear(3, 2), nn.Linear(2, 1).requires_grad_(False)]) == 8
