"""One phase of a prepared case is read without the others."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.example_study import example_study

from hepaphase.base.errors import InputError, MissingPhaseError
from hepaphase.prepare.case import prepare_case, write_prepared
from hepaphase.prepare.store import phases_in, read_phase, stream_phase
from hepaphase.study.phase import Phase
from hepaphase.study.study import AlignedStudy


class Counting(io.FileIO):
    """A file that counts what is read from it."""

    num_bytes = 0

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(-1 if size is None else size)
        self.num_bytes += len(found)
        return found


@pytest.fixture
def noisy() -> AlignedStudy:
    """A case whose phases do not compress."""
    study = prepare_case(example_study()).study
    rng = np.random.default_rng(0)
    return replace(study, hu={p: rng.integers(-500, 500, h.shape).astype(np.float32) for p, h in study.hu.items()})


def test_a_phase_costs_its_own_bytes_alone(noisy: AlignedStudy, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_prepared(path, noisy)
    assert phases_in(path) == tuple(noisy.hu)
    with Counting(path) as file:
        np.testing.assert_array_equal(read_phase(file, Phase.PVP), noisy.hu[Phase.PVP])
        assert file.num_bytes < 1.2 * path.stat().st_size / len(noisy.hu)


def test_cases_stream_and_what_is_missing_is_said(noisy: AlignedStudy, tmp_path: Path) -> None:
    write_prepared(tmp_path / "a.npz", noisy)
    only = {Phase.NC: noisy.hu[Phase.NC]}
    nc = replace(noisy, hu=only, provenance={Phase.NC: noisy.provenance[Phase.NC]}, time_s={Phase.NC: 0.0}, sd_hu={})
    write_prepared(tmp_path / "b.npz", nc)
    assert [case for case, _ in stream_phase(tmp_path, Phase.PVP)] == ["a"]
    assert [case for case, _ in stream_phase(tmp_path, Phase.NC)] == ["a", "b"]
    with pytest.raises(MissingPhaseError, match="no PVP phase"):
        read_phase(tmp_path / "b.npz", Phase.PVP)
    (tmp_path / "c.npz").write_bytes(b"torn")
    with pytest.raises(InputError, match="not a prepared case"):
        list(stream_phase(tmp_path, Phase.NC))
