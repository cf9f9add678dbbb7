import torch

from hepaphase.training.rng import restore_rng, rng_state


def test_draws_go_on_where_they_were() -> None:
    state = rng_state()
    first = torch.rand(3)
    restore_rng(state)
    assert torch.equal(torch.rand(3), first)
