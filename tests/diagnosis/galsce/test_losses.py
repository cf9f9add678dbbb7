"""Class balance, focal loss and flooding against their formulas."""

import math

import pytest
import torch

from hepaphase.diagnosis.galsce.losses import balanced_focal, class_balance, flood


def test_class_weights_are_the_effective_numbers_of_examples() -> None:
    counts, beta = torch.tensor([1000, 10, 0]), 0.999
    raw = [(1 - beta) / (1 - beta**n) for n in (1000, 10)]
    expected = [2 * r / sum(raw) for r in raw]
    assert class_balance(counts, beta=beta).tolist() == pytest.approx([*expected, 0.0], rel=1e-5)
    torch.testing.assert_close(class_balance(torch.tensor([7, 7]), beta=beta), torch.ones(2))
    torch.testing.assert_close(class_balance(torch.tensor([7, 700]), beta=0.0), torch.ones(2))


def test_the_loss_is_the_weighted_focal_loss_of_the_rows_that_are_asked() -> None:
    logits, target, counts = (
        torch.tensor([[1.0, 0.0], [0.5, 2.0], [9.0, 9.0]]),
        torch.tensor([0, 1, -1]),
        torch.tensor([90, 3]),
    )
    weight = class_balance(counts, beta=0.999)
    terms = []
    for row, wanted in ((0, 0), (1, 1)):
        p = float(logits[row].softmax(0)[wanted])
        terms.append(float(weight[wanted]) * (1 - p) ** 2 * -math.log(p))
    assert float(balanced_focal(logits, target, counts, beta=0.999, gamma=2.0)) == pytest.approx(
        sum(terms) / 2, rel=1e-5
    )


def test_a_batch_without_an_answer_costs_nothing_and_has_gradients() -> None:
    logits = torch.randn(2, 3, requires_grad=True)
    loss = balanced_focal(logits, torch.tensor([-1, -1]), torch.tensor([1, 1, 1]), beta=0.999, gamma=2.0)
    loss.backward()
    assert loss.item() == 0 and logits.grad is not None and not logits.grad.any()


@pytest.mark.parametrize(("loss", "level", "slope"), [(0.5, 0.5, 1.0), (0.1, 0.3, -1.0)])
def test_flooding_climbs_below_its_level(loss: float, level: float, slope: float) -> None:
    x = torch.tensor(loss, requires_grad=True)
    flooded = flood(x, 0.2)
    flooded.backward()
    assert flooded.item() == pytest.approx(level) and x.grad is not None and x.grad.item() == slope
