"""Files are whole or not there."""

import json
import os
from pathlib import Path

import pytest

from hepaphase.base.atomic import atomic_path, write_json


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_json(target, {"x": 1})
    with pytest.raises(RuntimeError), atomic_path(target) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert json.loads(target.read_text()) == {"x": 1}
    assert os.listdir(tmp_path) == ["a.json"]  # noqa: PTH208


def test_the_partial_name_keeps_the_suffix(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "v.nii.gz") as partial:
        assert partial.name.endswith(".nii.gz")
        partial.write_bytes(b"1")
    assert (tmp_path / "v.nii.gz").read_bytes() == b"1"


def test_nan_is_not_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", float("nan"))
    assert not list(tmp_path.iterdir())
