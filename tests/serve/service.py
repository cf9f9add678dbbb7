"""A service that runs for a test, with a stand-in for ``hepaphase read`` where the reading itself is not the matter."""

import http.client
import io
import shutil
import socket
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hepaphase.inference.bounded import Bounds
from hepaphase.serve.house import House, Settings, serving
from hepaphase.serve.worker import How

READER = """
import json, pathlib, sys, tempfile, time
source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
print("step: looking, after 0.0 s", flush=True)
files = sorted(source.iterdir()) if source.is_dir() else [source]
if (source.parent.parent.parent / "slow").exists():
    (out / ".unfinished").mkdir(parents=True)
    (pathlib.Path(tempfile.gettempdir()) / "unpacked").write_text("a patient")
    time.sleep(60)
if len(files) == 3 and "--phases" not in sys.argv: print("hepaphase: Name it: --phases PVP."); sys.exit(2)
out.mkdir(parents=True, exist_ok=True)
lesion = {"long_axis_mm": 20.5, "probabilities": {"hcc": 0.75, "cyst": 0.25}}
patient = {"read_from": ["PVP"], "malignant": 0.5}
found = {"case": "case-1", "patient": patient, "lesions": [lesion], "files": len(files), "argv": sys.argv[3:]}
for name, file in zip(("lesions.seg.dcm", "report.sr.dcm"), files if source.is_dir() else ()):
    (out / name).write_bytes(file.read_bytes())
(out / "report.html").write_text("<title>a report</title><script>document.title = 'it ran'</script>")
(out / "findings.json").write_text(json.dumps(found))
(out / "run.json").write_text(json.dumps({"steps": [{"seconds": 1.5, "peak_mib": 900}]}))
"""
"""Reads anything but three files, which it wants named; sleeps where a file ``slow`` lies in ``.serve``. Two of the
images stand for SEG and SR."""


def how(**known: object) -> How:
    return How(program=(sys.executable, "-c", READER), bounds=Bounds(minutes=1), **known)  # type: ignore[arg-type]


@contextmanager
def service(root: Path, **known: object) -> Iterator[House]:
    with serving(Settings(**{"root": root, "port": 0, "how": how(), **known})) as house:  # type: ignore[arg-type]
        yield house


def slow(root: Path) -> Path:
    """Have readings take a minute until the file is removed."""
    path = root / ".serve" / "slow"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def ask(
    house: House, method: str, path: str, body: bytes = b"", *, host: str | None = None, **headers: str
) -> tuple[int, str]:
    """Status and text of an answer, asked for as the page's script does."""
    return ask_at(house.url.removeprefix("http://"), method, path, body, host=host, **headers)


def ask_at(
    address: str, method: str, path: str, body: bytes = b"", *, host: str | None = None, **headers: str
) -> tuple[int, str]:
    """The same of any server; what is not text is given as well as can be."""
    connection = http.client.HTTPConnection(address, timeout=30)
    sent = {"Host": host or address, "X-Hepaphase": "1", "Content-Length": str(len(body)), **headers}
    try:
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def upload(house: House, *files: bytes) -> str:
    """Name of the job that the files became."""
    _, key = ask(house, "POST", "/uploads")
    for number, content in enumerate(files):
        assert ask(house, "PUT", f"/uploads/{key}/{number}", content) == (201, "")
    status, name = ask(house, "POST", f"/uploads/{key}")
    assert status == 201, name
    return name


def until(holds: Callable[[], object], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def state(house: House, name: str) -> str:
    job = house.queue.get(name)
    return "" if job is None else str(job.state)


def packed(*sizes: int) -> bytes:
    """A zip of files of zeros."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, size in enumerate(sizes):
            archive.writestr(f"{number}.dcm", b"\0" * size)
    return held.getvalue()


def dcmtk(name: str) -> str:
    """A program of dcmtk; skips where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs dcmtk's {name}")
    return found


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])
