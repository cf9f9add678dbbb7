import os
import traceback
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from hepaphase.training.prefetch import Workers, ahead

KINDS = [Workers(0), Workers(3), Workers(1, "process")]


@dataclass(frozen=True)
class Squares:
    fails_at: int = -1
    dies_at: int = -1
    parent: int = 0

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        if number == self.fails_at:
            raise ValueError(f"case {number} is damaged")
        if number == self.dies_at and os.getpid() != self.parent:
            os._exit(9)
        return {"x": torch.tensor(number**2)}


@pytest.mark.parametrize("workers", KINDS, ids=["none", "threads", "processes"])
def test_batches_come_in_order(workers: Workers) -> None:
    assert [int(b["x"]) for b in ahead(Squares(), range(3, 12), workers)] == [n**2 for n in range(3, 12)]


@pytest.mark.parametrize("workers", KINDS, ids=["none", "threads", "processes"])
def test_an_error_of_a_worker_is_raised_with_its_traceback(workers: Workers) -> None:
    batches = ahead(Squares(fails_at=4), range(9), workers)
    with pytest.raises(ValueError, match="case 4 is damaged") as caught:
        list(batches)
    text = "".join(traceback.format_exception(caught.value))
    assert 'raise ValueError(f"case {number} is damaged")' in text


def test_when_a_process_dies_the_rest_is_made_here(caplog: pytest.LogCaptureFixture) -> None:
    source = Squares(dies_at=5, parent=os.getpid())
    assert [int(b["x"]) for b in ahead(source, range(9), Workers(1, "process"))] == [n**2 for n in range(9)]
    assert "going on without them" in caplog.text


def test_samples_that_cannot_be_sent_are_made_here(caplog: pytest.LogCaptureFixture) -> None:
    class Local(Squares):
        pass

    assert [int(b["x"]) for b in ahead(Local(), range(3), Workers(1, "process"))] == [0, 1, 4]
    assert "cannot be sent to another process" in caplog.text


def test_few_are_made_ahead() -> None:
    made = []

    class Counting:
        def __getitem__(self, number: int) -> dict[str, Tensor]:
            made.append(number)
            return {}

    batches = ahead(Counting(), range(1000), Workers(2))
    next(batches)
    batches.close()
    assert len(made) <= 5
