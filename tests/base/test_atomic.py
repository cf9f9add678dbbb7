"""Files are whole or not there."""

import json
import os
from pathlib import Path

import pytest

from hepaphase.base.atomic import UNFINISHED, atomic_folder, atomic_path, write_json


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


def fill(folder: Path, **files: str) -> None:
    with atomic_folder(folder, last="run.json", old=("made/a", "made/b")) as place:
        for name, text in files.items():
            (place / name).write_text(text)
        (place / "made").mkdir()
        (place / "made" / "b").write_text("b")
        (place / "run.json").write_text("{}")
        assert not (folder / "made" / "b").exists() or (folder / "run.json").exists()


def test_a_folder_is_filled_as_a_whole_and_what_it_held_of_old_goes(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    (out / "made").mkdir(parents=True)
    (out / "made" / "a").write_text("of the last time")
    (out / "mine").write_text("of someone else")
    (out / UNFINISHED).mkdir()
    (out / UNFINISHED / "x").write_text("of a run that was killed")
    fill(out, x="1")
    assert {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()} == {"x", "made/b", "run.json", "mine"}


def test_a_folder_that_fails_is_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, x="1")
    with pytest.raises(RuntimeError), atomic_folder(out, last="run.json", old=("x",)) as place:
        (place / "x").write_text("half")
        raise RuntimeError
    assert (out / "x").read_text() == "1"
    assert {p.name for p in out.iterdir()} == {"x", "made", "run.json"}
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "other", last="run.json"):
        raise RuntimeError
    assert not (tmp_path / "other").exists()
