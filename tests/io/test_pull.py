"""A study from a real archive: Orthanc, on loopback, comes in as it went in."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import JPEGLSLossless
from tests.broken_inputs import GRID, voxels
from tests.dicom_files import write_series
from tests.io.test_pixels import recode

from hepaphase.base.errors import ConfigError, DicomError, InputError
from hepaphase.io.dicom import find_passes, read_pass
from hepaphase.io.pull import Archive, _parts, pull_move, pull_web

STUDY = "1.2.826.0.1.3680043.8.498.9"
ORTHANC = next((p for p in ("/usr/sbin/Orthanc", shutil.which("Orthanc") or "") if Path(p).is_file()), "")
WEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def post(url: str, content: bytes) -> None:
    urllib.request.urlopen(urllib.request.Request(url, data=content, method="POST"), timeout=20).read()


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    """Address, port and the receiver's port of an archive that holds one study of two passes, one of them JPEG-LS."""
    if not ORTHANC or not WEB.exists():
        pytest.skip("needs Debian's orthanc and orthanc-dicomweb")
    home = tmp_path_factory.mktemp("orthanc")
    http, dicom, own = (free_port() for _ in range(3))
    settings = {
        "StorageDirectory": str(home / "db"),
        "IndexDirectory": str(home / "db"),
        "HttpPort": http,
        "DicomPort": dicom,
        "DicomAet": "ARCHIVE",
        "RemoteAccessAllowed": False,
        "DicomCheckModalityHost": True,
        "DicomModalities": {"us": ["HEPAPHASE", "127.0.0.1", own]},
        "Plugins": [str(WEB)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (home / "orthanc.json").write_text(json.dumps(settings))
    with (home / "log").open("wb") as log:
        running = subprocess.Popen([ORTHANC, str(home / "orthanc.json")], stdout=log, stderr=log, env=dict(os.environ))
    base = f"http://127.0.0.1:{http}"
    try:
        _wait(base, running)
        paths = write_series(home / "a", voxels(), GRID, AcquisitionNumber=1, AcquisitionTime="100000")
        paths += write_series(
            home / "b", voxels() + 50, GRID, instances_from=6, AcquisitionNumber=2, AcquisitionTime="100100"
        )
        for path in paths[6:]:
            recode(path, JPEGLSLossless)
        for path in paths:
            post(f"{base}/instances", path.read_bytes())
        yield f"{base}/dicom-web", dicom, own
    finally:
        running.terminate()
        running.wait(timeout=30)


def _wait(base: str, running: subprocess.Popen) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{base}/system", timeout=2).read()
            return
        except OSError:
            if running.poll() is not None:
                pytest.fail(f"Orthanc ended with {running.returncode}")
            time.sleep(0.1)
    pytest.fail("Orthanc did not start within 30 s")


def require_identical(folder: Path, paths: list[Path]) -> None:
    assert len(paths) == 12 and sorted(folder.iterdir()) == sorted(paths)
    passes = find_passes(folder).passes
    assert [p.key for p in passes] == ["3:1", "3:2"]
    for p, hu in zip(passes, (voxels(), voxels() + 50), strict=True):
        volume = read_pass(p)
        np.testing.assert_array_equal(volume.hu, hu)
        assert GRID.corner_distance_mm(volume.geometry) < 1e-3


@pytest.mark.slow
def test_study_comes_in_identical_over_dicomweb(orthanc, tmp_path):
    require_identical(tmp_path / "in", pull_web(orthanc[0], STUDY, tmp_path / "in"))
    with pytest.raises(InputError, match=r"has no study 1\.2\.3|HTTP 404"):
        pull_web(orthanc[0], "1.2.3", tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_study_comes_in_identical_over_c_move(orthanc, tmp_path):
    pytest.importorskip("pynetdicom")
    archive = Archive(host="127.0.0.1", port=orthanc[1], title="ARCHIVE", own_port=orthanc[2])
    require_identical(tmp_path / "in", pull_move(archive, STUDY, tmp_path / "in"))
    with pytest.raises(InputError, match=r"did not send|no study"):
        pull_move(archive, "1.2.3", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_archive_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be reached"):
        pull_web(f"http://127.0.0.1:{free_port()}/dicom-web", STUDY, tmp_path)
    pytest.importorskip("pynetdicom")
    archive = Archive(host="127.0.0.1", port=free_port(), title="ARCHIVE", own_port=free_port(), timeout_s=2)
    with pytest.raises(InputError, match="does not answer"):
        pull_move(archive, STUDY, tmp_path)


@pytest.mark.parametrize("change", [{"port": 0}, {"own_port": 70_000}, {"title": ""}, {"own_title": "A" * 17}])
def test_bad_settings_are_refused(change):
    with pytest.raises(ConfigError):
        Archive(**{"host": "127.0.0.1", "port": 104, "title": "A", **change})


def test_bad_addresses_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="no study UID"):
        pull_web("http://127.0.0.1", "../..", tmp_path)
    with pytest.raises(ConfigError, match="http or https"):
        pull_web("file:///etc", STUDY, tmp_path)


def test_parts_of_an_answer():
    body = b"--b1\r\nContent-Type: application/dicom\r\n\r\none\r\n\r\n--x\r\n--b1\r\n\r\ntwo\r\n--b1--\r\n"
    assert list(_parts(body, 'multipart/related; boundary="b1"')) == [b"one\r\n\r\n--x", b"two"]
    with pytest.raises(DicomError, match="not with several"):
        list(_parts(b"{}", "application/json"))
