import pytest
import torch

from hepaphase.study.phase import Phase
from hepaphase.synthesis.losses import LossWeights, curve_loss
from hepaphase.synthesis.network import Predicted
from hepaphase.synthesis.scores import Tally, carried


def predicted(hu: torch.Tensor, sd: float) -> Predicted:
    return Predicted(hu, torch.full_like(hu, sd), torch.zeros_like(hu))


def test_times_of_no_weight_do_not_count() -> None:
    truth = torch.zeros(2, 5, 3)
    hu = torch.full((2, 5, 3), 4.0)
    hu[:, :, 2] = 1000.0
    weight = torch.tensor([[1.0, 1.0, 0.0], [0.0, 2.0, 0.0]])
    terms = curve_loss(predicted(hu, 5.0), truth, weight, LossWeights())
    torch.testing.assert_close(terms["error"], torch.tensor(4.0))


def test_the_best_standard_deviation_is_the_error_and_moves_nothing_else() -> None:
    errors = torch.randn(1, 20000, 1, generator=torch.Generator().manual_seed(0)) * 7
    hu, weight = errors.clone().requires_grad_(), torch.ones(1, 1)
    losses = {
        sd: float(curve_loss(predicted(hu, sd), torch.zeros_like(hu), weight, LossWeights())["likelihood"])
        for sd in (5.0, 7.0, 9.0)
    }
    assert min(losses, key=lambda sd: losses[sd]) == 7.0
    terms = curve_loss(predicted(hu, 7.0), torch.zeros_like(hu), weight, LossWeights())
    assert terms["error"].requires_grad and not terms["likelihood"].requires_grad


def test_each_exam_counts_once_and_lesions_apart() -> None:
    truth = torch.zeros(2, 2, 2, 2)
    hu = torch.full((2, 2, 2, 2), 3.0)
    lesions = torch.zeros(2, 2, 2, 2, dtype=torch.int32)
    lesions[1, 0, 0, 0], hu[1, 0, 0, 0] = 1, -9.0
    lesions[1, 1, 1], hu[1, 1, 1, 0], hu[1, 1, 1, 1] = 2, 8.0, -8.0
    tally = Tally()
    tally.add(hu, truth, {"liver": torch.ones_like(lesions), "lesions": lesions})
    figures = tally.figures()
    assert figures["liver_mae"] == 3.0
    assert figures["lesion_mae"] == pytest.approx((9 + 8 + 8) / 3)
    assert figures["lesion_mean_mae"] == (9 + 0) / 2


def test_the_carried_phase_is_the_nearest_in_time() -> None:
    hu = torch.arange(4.0)[None, :, None, None, None].expand(2, 4, 1, 1, 1)
    times = torch.tensor([[0.0, 37.0, 70.0, 180.0], [0.0, 30.0, 70.0, 180.0]])
    picked = carried(hu, (Phase.NC, Phase.PVP), times, 1)
    assert picked.flatten().tolist() == [2.0, 0.0]


def test_an_error_of_level_is_no_pattern_and_one_that_stands_out_counts_twice() -> None:
    truth, weight = torch.zeros(1, 100, 1), torch.ones(1, 1)
    plain = torch.arange(100)[None] < 50
    level = torch.full((1, 100, 1), 7.0)
    level[:, 50:] = 90.0  # a lesion, whatever is said of it
    assert float(curve_loss(predicted(level, 5.0), truth, weight, LossWeights(), plain)["pattern"]) == 0
    patch = level.clone()
    patch[:, :2] -= 30.0
    mean_of_patch = 30.0 * 0.04
    off = (2 * (30 - mean_of_patch) + 48 * mean_of_patch + 2 * (20 - mean_of_patch)) / 50
    terms = curve_loss(predicted(patch, 5.0), truth, weight, LossWeights(), plain)
    assert float(terms["pattern"]) == pytest.approx(off, rel=1e-4)
    assert "pattern" not in curve_loss(predicted(patch, 5.0), truth, weight, LossWeights())
