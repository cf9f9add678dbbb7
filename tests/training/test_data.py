from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hepaphase.base.errors import ConfigError
from hepaphase.training.data import Batches, InOrder, stack


@dataclass(frozen=True)
class Numbers:
    size: int

    def __len__(self) -> int:
        return self.size

    def sample(self, index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {"index": np.array(index), "noise": rng.normal(size=3)}


@given(size=st.integers(1, 9), batch_size=st.integers(1, 5), seed=st.integers(0, 99))
def test_every_example_once_in_each_round(size: int, batch_size: int, seed: int) -> None:
    batches = Batches(samples=Numbers(size), batch_size=batch_size, seed=seed)
    seen = torch.cat([batches[step]["index"] for step in range(2 * size)]).tolist()
    for start in range(0, 2 * size * batch_size - size + 1, size):
        assert sorted(seen[start : start + size]) == list(range(size))


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    first = Batches(samples=Numbers(7), batch_size=3, seed=5)
    wanted = first[11]
    again = Batches(samples=Numbers(7), batch_size=3, seed=5)
    assert torch.equal(again[11]["noise"], wanted["noise"]) and torch.equal(again[11]["index"], wanted["index"])
    other = Batches(samples=Numbers(7), batch_size=3, seed=6)
    assert not torch.equal(other[11]["noise"], wanted["noise"])


def test_the_same_example_is_drawn_anew_each_round() -> None:
    batches = Batches(samples=Numbers(1), batch_size=1, seed=0)
    assert not torch.equal(batches[0]["noise"], batches[1]["noise"])


def test_validation_sees_each_example_once_in_order() -> None:
    batches = InOrder(samples=Numbers(5), batch_size=2, seed=0)
    assert [batches[i]["index"].tolist() for i in range(len(batches))] == [[0, 1], [2, 3], [4]]
    assert len(InOrder(samples=Numbers(5), batch_size=2, seed=0, at_most=2)) == 2


def test_no_case_is_refused() -> None:
    with pytest.raises(ConfigError, match="no training case"):
        Batches(samples=Numbers(0), batch_size=2, seed=0)


def test_unequal_shapes_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"'hu' has different shapes in one batch: \(2,\), \(3,\)"):
        stack([{"hu": np.zeros(2)}, {"hu": np.zeros(3)}])
