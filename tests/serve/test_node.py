"""The DICOM node, talked to by dcmtk. Skipped by name where dcmtk or pynetdicom is not installed."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pydicom
import pytest
from tests.dicom_files import write_series
from tests.serve.service import ask, dcmtk, free_port, how, service, state, until

from hepaphase.base.errors import ConfigError, InputError, OutputError
from hepaphase.serve.jobs import Queue
from hepaphase.serve.node import Node
from hepaphase.serve.place import opened
from hepaphase.serve.received import Received
from hepaphase.serve.send import Target
from hepaphase.study.geometry import Geometry

pytest.importorskip("pynetdicom", reason="needs the extra pacs")
GRID = Geometry((4, 5, 6), (0.7, 0.8, 2.5), (-110.0, 35.5, -720.25))


def images(folder: Path, *, number: int = 1, value: float = 0.0) -> list[Path]:
    """Four CT images of one study."""
    hu = np.full(GRID.shape_zyx, value, np.float32)
    return write_series(folder, hu, GRID, uid=f"1.2.826.0.1.3680043.8.498.{number}", number=number)


def store(port: int, *paths: Path, title: str = "HEPAPHASE", caller: str = "US") -> subprocess.CompletedProcess[str]:
    command = [dcmtk("storescu"), "-aet", caller, "-aec", title, "127.0.0.1", str(port), *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def archive(folder: Path, port: int) -> Iterator[None]:
    """An archive called BACK that keeps what it is sent."""
    folder.mkdir(exist_ok=True)
    command = [dcmtk("storescp"), "-aet", "BACK", "-od", str(folder), str(port)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        running.terminate()
        running.wait(timeout=10)


def echo(port: int, title: str) -> bool:
    command = [dcmtk("echoscu"), "-aec", title, "127.0.0.1", str(port)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def test_a_study_is_read_when_it_is_quiet_and_again_when_more_comes(tmp_path: Path) -> None:
    port = free_port()
    with service(tmp_path / "out", node=Node(port=port), wait_s=1.0) as house:
        assert store(port, *images(tmp_path / "a")).returncode == 0
        assert "coming in</span> 4 images so far" in ask(house, "GET", "/live")[1]
        (job,) = wait_for_jobs(house, 1)
        until(lambda: state(house, job) == "done")
        assert store(port, *images(tmp_path / "a"), *images(tmp_path / "b", number=2)).returncode == 0
        assert wait_for_jobs(house, 2) == [job, f"{job}-2"]
        until(lambda: state(house, f"{job}-2") == "done")
    counts = [len(list((tmp_path / "out/.serve/sources" / name).iterdir())) for name in (job, f"{job}-2")]
    assert counts == [4, 8]
    names = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*")}
    assert not [name for name in names if "Doe" in name or "1.2.826" in name]


def wait_for_jobs(house, count: int) -> list[str]:
    until(lambda: len(house.queue.all()) == count)
    return [job.name for job in house.queue.all()]


def test_only_those_who_may_are_heard(tmp_path: Path) -> None:
    port = free_port()
    with service(tmp_path / "out", node=Node(port=port, callers=("US",))):
        assert not echo(port, "HEPAPHASE"), "echoscu calls itself ECHOSCU"
        assert store(port, images(tmp_path / "a")[0], caller="THEM").returncode != 0
        assert store(port, images(tmp_path / "a")[0], title="OTHER").returncode != 0
        assert not any((tmp_path / "out/.serve/incoming").iterdir())
    with service(tmp_path / "out", node=Node(port=port)):
        assert echo(port, "HEPAPHASE")


def test_what_is_no_ct_is_not_kept_and_stops_nothing(tmp_path: Path) -> None:
    port, paths = free_port(), images(tmp_path / "a")
    screen = pydicom.dcmread(paths[0])
    screen.SOPClassUID = screen.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    screen.save_as(tmp_path / "a" / "screen")
    with service(tmp_path / "out", node=Node(port=port)):
        assert store(port, tmp_path / "a" / "screen", *paths).returncode == 0
        (study,) = (tmp_path / "out/.serve/incoming").iterdir()
        assert len(list(study.iterdir())) == 4


def test_results_go_to_the_archive_as_soon_as_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hepaphase.serve.send._PAUSES_S", (0.2,))
    port, back = free_port(), free_port()
    known = {"node": Node(port=port), "target": Target.parse(f"BACK@127.0.0.1:{back}"), "how": how(sends=True)}
    with service(tmp_path / "out", wait_s=0.3, **known) as house:
        assert store(port, *images(tmp_path / "a")).returncode == 0
        until(lambda: "not sent yet: BACK does not answer" in ask(house, "GET", "/live")[1])
    with archive(tmp_path / "back", back), service(tmp_path / "out", **known) as house:
        (job,) = house.queue.all()
        until(lambda: state(house, job.name) == "done" and house.queue.get(job.name).sending == "sent")
        assert len(list((tmp_path / "back").iterdir())) == 2
    with service(tmp_path / "out", keep_hours=0.0) as house:
        until(lambda: not house.queue.all())
        assert not any((tmp_path / "out/.serve/incoming").iterdir()) and (tmp_path / "out" / job.name).is_dir()


def test_started_again_it_waits_anew_for_what_was_coming_in(tmp_path: Path) -> None:
    seconds = [0.0]
    content = [path.read_bytes() for path in images(tmp_path / "a")]
    with opened(tmp_path / "out") as place:
        received = Received(place, Queue(place), wait_s=10, clock=lambda: seconds[0])
        received.keep(content[0])
        received.keep(content[0])
    with opened(tmp_path / "out") as place:
        queue = Queue(place)
        received = Received(place, queue, wait_s=10, clock=lambda: seconds[0])
        assert list(received.growing().values()) == [1]
        seconds[0] = 9
        received.keep(content[1])
        seconds[0] = 18
        received.queue_quiet()
        assert queue.all() == ()
        seconds[0] = 19
        received.queue_quiet()
        (job,) = queue.all()
        assert job.num_files == 2 and not received.growing()
    with opened(tmp_path / "out") as place:
        queue = Queue(place)
        assert queue.all() == (job,) and not Received(place, queue, wait_s=10).growing()


def test_nothing_that_was_received_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = images(tmp_path / "a")[0].read_bytes()
    with opened(tmp_path / "out") as place:
        received = Received(place, Queue(place), wait_s=10)
        received.keep(content)
        with pytest.raises(InputError, match="Another image"):
            received.keep(content[:-2] + b"\1\1")
        (kept,) = place.incoming.rglob("*.dcm")
        assert kept.read_bytes() == content
        with pytest.raises(InputError, match="is no DICOM"):
            received.keep(b"text")
        with pytest.raises(OutputError, match="is served by another"), opened(tmp_path / "out"):
            pass
        monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 2**30}))
        with pytest.raises(OutputError, match="Make room"):
            received.keep(images(tmp_path / "a")[1].read_bytes())


def test_addresses_that_cannot_be_are_refused(tmp_path: Path) -> None:
    for text in ("BACK", "BACK@host", "BACK@host:0", "A TITLE@host:104", f"{'A' * 17}@host:104"):
        with pytest.raises(ConfigError, match="TITLE@HOST:PORT"):
            Target.parse(text)
    with pytest.raises(ConfigError, match="1 to 16"):
        Node(port=104, title="A TITLE THAT IS TOO LONG")
    with service(tmp_path / "a") as house:
        taken = int(house.url.rsplit(":", 1)[1])
        for wrong in ({"port": taken}, {"node": Node(port=taken)}):
            with pytest.raises(ConfigError, match="cannot be listened on"), service(tmp_path / "b", **wrong):
                pass


def test_whoever_is_sending_is_told_when_it_stops(tmp_path: Path) -> None:
    import pynetdicom
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    port, paths = free_port(), images(tmp_path / "a")
    sender = pynetdicom.AE("US")
    sender.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    with service(tmp_path / "out", node=Node(port=port)):
        link = sender.associate("127.0.0.1", port, ae_title="HEPAPHASE")
        assert link.send_c_store(pydicom.dcmread(paths[0])).Status == 0
    until(lambda: link.is_aborted)
    with opened(tmp_path / "out") as place:
        assert list(Received(place, Queue(place), wait_s=10).growing().values()) == [1]
