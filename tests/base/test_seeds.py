"""Random streams depend on their keys alone."""

import numpy as np

from hepaphase.base.seeds import stream


def test_same_keys_same_numbers() -> None:
    assert np.array_equal(stream(3, "noise", 1).random(5), stream(3, "noise", 1).random(5))


def test_other_keys_other_numbers() -> None:
    draws = {stream(seed, *keys).integers(2**62) for seed in (0, 1) for keys in ((), ("a",), ("a", 1), ("a/1", "x"))}
    assert len(draws) == 8
