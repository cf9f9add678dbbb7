import itertools

import torch

from hepaphase.diagnosis.matching import CostConfig, assign, mask_cost, match
from hepaphase.diagnosis.query_decoder import QueryOutput


def test_known_costs() -> None:
    cost = torch.tensor([[1.0, 9.0], [9.0, 9.0], [2.0, 1.0], [0.5, 0.2]])
    assert assign(cost).tolist() == [0, 3]


def test_assignment_is_the_best_of_all_permutations() -> None:
    cost = torch.rand(5, 3, generator=torch.Generator().manual_seed(0))
    best = min(itertools.permutations(range(5), 3), key=lambda rows: sum(cost[r, c] for c, r in enumerate(rows)))
    assert assign(cost).tolist() == list(best)


def test_mask_cost_equals_one_pair_at_a_time() -> None:
    rng = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 30, generator=rng)
    target = (torch.rand(3, 30, generator=rng) < 0.3).float()
    entropy, dice = mask_cost(logits, target)
    for q, k in itertools.product(range(4), range(3)):
        expected = torch.nn.functional.binary_cross_entropy_with_logits(logits[q], target[k])
        torch.testing.assert_close(entropy[q, k], expected)
        p = logits[q].sigmoid()
        torch.testing.assert_close(dice[q, k], 1 - (2 * (p * target[k]).sum() + 1) / (p.sum() + target[k].sum() + 1))


def test_a_query_that_fits_mask_and_class_gets_the_lesion() -> None:
    target = torch.tensor([[1, 1, 0, 0], [0, 0, 1, 1]])
    masks = torch.tensor([[0.0] * 4, [9.0, 9, -9, -9], [-9.0, -9, 9, 9], [9.0, 9, -9, -9]])
    logits = torch.zeros(1, 4, 3)
    logits[0, 3, 1] = 5  # queries 1 and 3 have the same mask; only 3 names class 1
    output = QueryOutput(logits, torch.zeros(1, 4, 2), torch.zeros(1, 4, 1), torch.zeros(1, 4, 2))
    assert match(output, 0, masks, target, torch.tensor([1, 0]), CostConfig()).tolist() == [3, 2]
