"""Each broken input ends in one line, exit code 2 and no file, or is read exactly as what it was before it broke."""

import sys
from pathlib import Path

import numpy as np
import pytest
from tests.broken_inputs import GRID, voxels
from tests.corpus import CORPUS

from hepaphase.base.errors import HepaphaseError
from hepaphase.cli.main import main
from hepaphase.io.source import read_source
from hepaphase.study.phase import Phase
from hepaphase.study.study import Study


def outcome(source: Path) -> Study | HepaphaseError:
    try:
        return read_source(source, phases={Phase.PVP: None})
    except HepaphaseError as error:
        return error


def require_one_line(source: Path, out: Path, monkeypatch, capfd) -> None:
    monkeypatch.setattr(sys, "argv", ["hepaphase", "read", str(source), str(out), "--phases", "PVP"])
    with pytest.raises(SystemExit) as exit_:
        main()
    said = capfd.readouterr()
    assert exit_.value.code == 2 and said.out == ""
    assert said.err.startswith("hepaphase: ") and said.err.count("\n") == 1, said.err


def test_corpus_is_large_enough():
    assert len(CORPUS) >= 200


@pytest.mark.parametrize("name", CORPUS)
def test_broken_input_is_refused_or_read_right(name, tmp_path, monkeypatch, capfd, caplog):
    folder = tmp_path / "in"
    folder.mkdir()
    source = CORPUS[name](folder)
    before = sorted(tmp_path.rglob("*"))
    found = outcome(source)
    if isinstance(found, HepaphaseError):
        assert "\n" not in str(found) and len(str(found)) > 20
        require_one_line(source, tmp_path / "out", monkeypatch, capfd)
    else:
        volume = found.phase(Phase.PVP)
        np.testing.assert_array_equal(volume.hu, voxels())
        right = GRID.corner_distance_mm(volume.geometry) < 1e-3
        assert right or "does not say where the patient lies" in caplog.text  # never in silence
    assert sorted(tmp_path.rglob("*")) == before
