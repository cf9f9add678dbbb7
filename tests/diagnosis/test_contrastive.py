"""The contrastive loss against loops over toy embeddings, and the memory bank."""

import math

import pytest
import torch
from torch import Tensor

from hepaphase.base.errors import ConfigError
from hepaphase.diagnosis.contrastive import COMMON, ContrastConfig, MemoryBank, Projection, asymmetric_contrast
from hepaphase.study.lesions import LESION_CLASSES

TOY = (True, True, True, False)
"""Class 3 is the mixed bag."""
NOTHING = (torch.zeros(0, 5), torch.zeros(0, dtype=torch.long))


def unit(num: int, seed: int) -> Tensor:
    return torch.nn.functional.normalize(torch.randn(num, 5, generator=torch.Generator().manual_seed(seed)), dim=1)


def by_loops(z: Tensor, classes: list[int], bank: Tensor, held: list[int], t: float) -> float:
    every, labels = torch.cat([z, bank]), classes + held
    terms = []
    for x, own in enumerate(classes):
        near = {a: math.exp(float(z[x] @ every[a]) / t) for a in range(len(labels)) if a != x}
        if TOY[own]:
            alike = [a for a in near if labels[a] == own]
            if alike:
                terms.append(-sum(math.log(near[a] / sum(near.values())) for a in alike) / len(alike))
        elif any(TOY[labels[a]] for a in near):
            terms.append(math.log(sum(near[a] for a in near if TOY[labels[a]])))
    return sum(terms) / max(1, len(terms))


@pytest.mark.parametrize("held", [[], [0, 3, 2, 2, 1, 3, 0]])
def test_the_loss_equals_the_equations_written_as_loops(held: list[int]) -> None:
    classes, z, bank = [0, 0, 3, 1, 3, 2], unit(6, 0), unit(len(held), 1)
    loss = asymmetric_contrast(
        (z, torch.tensor(classes)), (bank, torch.tensor(held, dtype=torch.long)), TOY, temperature=0.1
    )
    assert float(loss) == pytest.approx(by_loops(z, classes, bank, held, 0.1), rel=1e-5)


def test_two_of_a_class_and_a_stranger_in_closed_form() -> None:
    z = torch.tensor([[1.0, 0], [1.0, 0], [0.0, 1]])
    loss = asymmetric_contrast((z, torch.tensor([0, 0, 1])), (z[:0], torch.zeros(0).long()), TOY, temperature=0.5)
    # each of the pair: -log(e^2 / (e^2 + e^0)); the stranger is alone in its class and says nothing
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-2)), rel=1e-6)


def test_rare_lesions_are_pushed_from_common_ones_and_never_pulled_together() -> None:
    z = torch.tensor([[1.0, 0], [0.0, 1], [0.6, 0.8]], requires_grad=True)
    nothing = (z[:0].detach(), torch.zeros(0, dtype=torch.long))
    asymmetric_contrast((z, torch.tensor([3, 3, 0])), nothing, TOY, temperature=0.1).backward()
    assert z.grad is not None
    # the only common lesion is alone; both rare ones feel it and not each other
    torch.testing.assert_close(z.grad[0], torch.tensor([0.6, 0.8]) / 0.1 / 2)
    torch.testing.assert_close(z.grad[1], torch.tensor([0.6, 0.8]) / 0.1 / 2)


@pytest.mark.parametrize("classes", [[], [0], [3], [3, 3], [0, 1]])
def test_where_nothing_can_be_compared_the_loss_is_zero_with_finite_gradients(classes: list[int]) -> None:
    z = unit(len(classes), 2).requires_grad_()
    loss = asymmetric_contrast((z, torch.tensor(classes, dtype=torch.long)), NOTHING, TOY, temperature=0.1)
    loss.backward()
    assert float(loss.detach()) == 0 and z.grad is not None and torch.isfinite(z.grad).all()


def test_the_bank_starts_empty_keeps_the_last_and_comes_back_from_its_state() -> None:
    bank = MemoryBank(4, 5)
    assert bank.held()[0].shape == (0, 5)
    z = unit(7, 3)
    bank.put(z[:3], torch.tensor([0, 1, 2]))
    bank.put(z[3:6], torch.tensor([3, 4, 5]))
    assert sorted(bank.held()[1].tolist()) == [2, 3, 4, 5]
    other = MemoryBank(4, 5)
    other.load_state_dict(bank.state_dict())
    for each in (bank, other):
        each.put(z[6:], torch.tensor([6]))
    assert sorted(other.held()[1].tolist()) == [3, 4, 5, 6]
    assert torch.equal(bank.embeddings, other.embeddings)


def test_a_batch_larger_than_the_bank_leaves_its_last_and_a_bank_of_none_nothing() -> None:
    bank, none = MemoryBank(2, 5), MemoryBank(0, 5)
    for each in (bank, none):
        each.put(unit(5, 4), torch.arange(5))
    assert sorted(bank.held()[1].tolist()) == [3, 4]
    assert len(none.held()[1]) == 0


def test_only_the_mixed_bag_is_rare_and_embeddings_have_length_one() -> None:
    assert [key for key, common in zip(LESION_CLASSES, COMMON, strict=True) if not common] == ["other"]
    z = Projection(6, ContrastConfig())(torch.randn(4, 6))
    torch.testing.assert_close(z.norm(dim=1), torch.ones(4))
    with pytest.raises(ConfigError, match="temperature"):
        ContrastConfig(temperature=0)
