import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from hepaphase.diagnosis.losses import (
    focal_loss,
    lesion_dice,
    point_dice,
    point_entropy,
    voxel_entropy,
    voxel_weight,
)


def test_focal_at_gamma_zero_is_cross_entropy() -> None:
    logits, target, weight = torch.randn(20, 5), torch.randint(0, 5, (20,)), torch.rand(5) + 0.1
    torch.testing.assert_close(focal_loss(logits, target, gamma=0), cross_entropy(logits, target))
    torch.testing.assert_close(
        focal_loss(logits, target, gamma=0, weight=weight), cross_entropy(logits, target, weight=weight)
    )


def test_focal_in_closed_form() -> None:
    logits = torch.tensor([[2.0, 0.0]])
    p = 1 / (1 + torch.exp(torch.tensor(-2.0)))
    torch.testing.assert_close(focal_loss(logits, torch.tensor([0]), gamma=2), -((1 - p) ** 2) * p.log())


def test_focal_gradient_is_finite_when_sure() -> None:
    logits = torch.tensor([[80.0, -80.0]], requires_grad=True)
    focal_loss(logits, torch.tensor([0])).backward()
    assert torch.isfinite(logits.grad).all()


def test_point_losses_against_one_lesion_at_a_time() -> None:
    logits, target = torch.randn(3, 50), torch.rand(3, 50) < 0.3
    for k in range(3):
        expected = binary_cross_entropy_with_logits(logits[k], target[k].float())
        torch.testing.assert_close(point_entropy(logits, target)[k], expected)
    sure = torch.where(target, 40.0, -40.0)
    torch.testing.assert_close(point_dice(sure, target), torch.zeros(3), atol=1e-5, rtol=0)
    half = point_dice(torch.zeros(1, 4), torch.tensor([[1, 1, 0, 0]]))
    torch.testing.assert_close(half, torch.tensor([1 - 3 / 5]))


def test_voxel_entropy_is_weighted_cross_entropy() -> None:
    logits, target, weight = torch.randn(2, 4, 30), torch.randint(0, 4, (2, 30)), torch.rand(2, 30)
    expected = (cross_entropy(logits, target, reduction="none") * weight).sum()
    torch.testing.assert_close(voxel_entropy(logits, target, weight), expected)


def test_lesion_dice_runs_from_zero_to_one_and_leaves_out_what_is_ignored() -> None:
    lesion = torch.zeros(1, 100, dtype=torch.bool)
    lesion[0, :40] = True
    logits = torch.full((1, 3, 100), -30.0)
    logits[0, 2, 40:] = 30
    logits[0, 0, :40] = 30
    assert lesion_dice(logits, lesion, torch.full((1, 100), 20.0)) < 1e-5
    assert lesion_dice(logits.flip(2), lesion, torch.ones(1, 100)) > 0.4
    weight = torch.ones(1, 100)
    weight[0, 40:] = 0
    logits[0, 0, 40:] = 60
    assert lesion_dice(logits, lesion, weight) < 1e-5


def test_small_lesions_weigh_more_per_voxel_but_less_in_all() -> None:
    labels = torch.zeros(1, 2000, dtype=torch.long)
    labels[0, :10] = 1
    labels[0, 10:1010] = 2
    liver = torch.ones(1, 2000, dtype=torch.bool)
    liver[0, 1500:] = False
    weight = voxel_weight(labels, liver, outside=0.1, lesion_power=0.5)
    small, large = 10 * weight[0, 0], 1000 * weight[0, 500]
    torch.testing.assert_close(large / small, torch.tensor(10.0))
    torch.testing.assert_close(small + large, torch.tensor(1.0))
    torch.testing.assert_close(weight[0, 1800] / weight[0, 1200], torch.tensor(0.1))
    torch.testing.assert_close(weight.sum(), torch.tensor(2.0))
