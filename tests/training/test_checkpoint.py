from pathlib import Path

import numpy as np
import pytest
import torch

from hepaphase.base.errors import CheckpointError
from hepaphase.training.checkpoint import Checkpoints, read_checkpoint

STATE = {"net": {"w": torch.arange(6.0).reshape(2, 3)}, "step": 3, "rates": [0.1, None], "half": torch.ones(2).half()}


def test_state_comes_back_as_it_was(tmp_path: Path) -> None:
    state = read_checkpoint(Checkpoints(tmp_path).save(3, STATE))
    assert torch.equal(state["net"]["w"], STATE["net"]["w"])
    assert state["half"].dtype == torch.float16
    assert (state["step"], state["rates"]) == (3, [0.1, None])


def test_the_newest_of_two_generations_is_read(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for step in (9, 10, 11):
        checkpoints.save(step, {"step": step})
    assert checkpoints.newest() == (11, {"step": 11})
    assert len(list(tmp_path.iterdir())) == 2


def test_without_a_checkpoint_there_is_none(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "new").newest() is None


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "foreign"])
def test_a_damaged_newest_one_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, {"step": 1})
    path = checkpoints.save(2, {"step": 2})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes({"flip": data, "truncate": data[:-1], "empty": b"", "foreign": b"PK\x03\x04 not ours"}[damage])
    assert checkpoints.newest() == (1, {"step": 1})
    assert "step-000000002.ckpt is damaged or incomplete. Going back" in caplog.text


@pytest.mark.parametrize("byte", range(0, 1500, 97))
def test_no_flipped_byte_goes_unseen(tmp_path: Path, byte: int) -> None:
    path = Checkpoints(tmp_path).save(1, STATE)
    data = bytearray(path.read_bytes())
    data[byte] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="damaged"):
        read_checkpoint(path)


def test_when_all_are_damaged_it_says_so(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, {"step": 1}).write_bytes(b"")
    with pytest.raises(CheckpointError, match="another folder"):
        checkpoints.newest()


def test_what_a_killed_writer_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".partial-abc-step-000000001.ckpt").write_bytes(b"half")
    Checkpoints(tmp_path).save(2, {"step": 2})
    assert [p.name for p in tmp_path.iterdir()] == ["step-000000002.ckpt"]


@pytest.mark.parametrize("value", [np.zeros(2), {1, 2}, object()], ids=["array", "set", "object"])
def test_only_plain_values_are_stored(tmp_path: Path, value: object) -> None:
    with pytest.raises(CheckpointError, match=r"state\.net\.1 is a"):
        Checkpoints(tmp_path).save(1, {"net": [0, value]})
    assert list(tmp_path.iterdir()) == []
