"""nnU-Net's probabilities: background first there, last here; what is not one is refused."""

from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.benchmark.nnunet.read import read_probabilities, with_background
from hepaphase.study.geometry import Geometry

GRID = Geometry((3, 4, 5), (4.0, 4.0, 4.0), (1.0, 2.0, 3.0))


def test_background_is_moved_last_and_weighed(tmp_path: Path) -> None:
    first = np.random.default_rng(0).dirichlet(np.ones(9), size=(3, 4, 5)).transpose(3, 0, 1, 2).astype(np.float16)
    np.savez_compressed(tmp_path / "a.npz", probabilities=first)
    read = read_probabilities(tmp_path / "a.npz", GRID)
    np.testing.assert_array_equal(read[-1], first[0].astype(np.float32))
    np.testing.assert_array_equal(read[0], first[1].astype(np.float32))
    weighed = with_background(read, 2.0)
    np.testing.assert_allclose(weighed.sum(0), 1, atol=1e-5)
    odds = lambda p: p[-1] / p[:-1].sum(0)  # noqa: E731
    np.testing.assert_allclose(odds(weighed), odds(read) * np.exp(2), rtol=1e-3)


def test_what_is_no_answer_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", probabilities=np.zeros((9, 3, 4, 6)))
    with pytest.raises(InputError, match=r"has shape \(9, 3, 4, 6\), expected \(9, 3, 4, 5\)"):
        read_probabilities(tmp_path / "a.npz", GRID)
    (tmp_path / "b.npz").write_bytes(b"PK\x03\x04 cut short")
    for name in ("b", "c"):
        with pytest.raises(InputError, match="run the same command again"):
            read_probabilities(tmp_path / f"{name}.npz", GRID)
