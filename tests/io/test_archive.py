"""A zip as a folder."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.broken_inputs import GRID, missing_slice, voxels
from tests.dicom_files import write_series
from tests.example_study import example_study

from hepaphase.base.errors import HepaphaseError, InputError
from hepaphase.io.archive import is_archive, unpacked
from hepaphase.io.case import write_case
from hepaphase.io.source import read_source
from hepaphase.study.phase import Phase


def pack(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent))
    return path


def test_zip_of_dicom_reads_like_its_folder(tmp_path):
    write_series(tmp_path / "series" / "a", voxels(), GRID)
    path = pack(tmp_path / "series", tmp_path / "visit 7.zip")
    study = read_source(path, phases={Phase.PVP: "a"})
    np.testing.assert_array_equal(study.phase(Phase.PVP).hu, voxels())
    assert study.case.startswith("case-") and "visit" not in study.case


def test_zip_of_a_case_reads_like_its_folder(tmp_path):
    write_case(example_study(), tmp_path / "case")
    assert list(read_source(pack(tmp_path / "case", tmp_path / "c.zip")).phases) == [Phase.NC, Phase.AP, Phase.PVP]


def test_refusals_are_those_of_the_folder_and_nothing_stays(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    path = pack(missing_slice(tmp_path), tmp_path / "c.zip")
    with pytest.raises(HepaphaseError, match=r"1 slice\(s\) missing"):
        read_source(path, phases={Phase.PVP: None})
    assert not any((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize("damage", ["text", "cut", "voxels"])
def test_damaged_zip_is_refused(tmp_path, damage):
    write_series(tmp_path / "series", voxels(), GRID)
    path = pack(tmp_path / "series", tmp_path / "c.zip")
    content = bytearray(path.read_bytes())
    content[600:640] = b"\xff" * 40
    path.write_bytes({"text": b"see the other folder", "cut": bytes(content[:900]), "voxels": bytes(content)}[damage])
    with pytest.raises(InputError, match=r"c\.zip' cannot be unpacked") as caught:
        read_source(path, phases={Phase.PVP: None})
    assert "\n" not in str(caught.value)


def test_names_that_climb_out_stay_inside(tmp_path):
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("../outside.txt", "text")
        archive.writestr("/absolute.txt", "text")
    with unpacked(tmp_path / "c.zip") as folder:
        assert sorted(file.name for file in folder.rglob("*.txt")) == ["absolute.txt", "outside.txt"]
    assert not (tmp_path / "outside.txt").exists()


def test_zip_larger_than_the_disk_is_refused(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("a", b"0" * 2000)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    with pytest.raises(InputError, match="GiB free"), unpacked(tmp_path / "c.zip"):
        pass


def test_names_of_archives(tmp_path):
    (tmp_path / "a.ZIP").touch()
    (tmp_path / "b.zip").mkdir()
    assert is_archive(tmp_path / "a.ZIP") and not is_archive(tmp_path / "b.zip") and not is_archive(tmp_path / "c.zip")
