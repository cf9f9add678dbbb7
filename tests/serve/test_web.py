"""A live server asked over HTTP: uploads become readings, and what should be refused is."""

import json
import os
from pathlib import Path

import pytest
from tests.serve.service import ask, ask_at, how, packed, service, slow, state, until, upload

from hepaphase.serve.jobs import Queue
from hepaphase.serve.place import opened
from hepaphase.serve.readings import Readings


def test_a_zip_becomes_a_reading_that_is_listed_and_given_out(tmp_path: Path) -> None:
    with service(tmp_path) as house:
        name = upload(house, packed(10, 20))
        until(lambda: state(house, name) == "done")
        status, page = ask(house, "GET", "/")
        assert status == 200 and page.count("Research use only") >= 1
        assert '<a href="/readings/upload/report.html">upload</a>' in page and "hcc, 20 mm" in page
        assert "a report" in ask(house, "GET", "/readings/upload/report.html")[1]
        assert json.loads(ask(house, "GET", "/readings/upload/findings.json")[1])["case"] == "case-1"
    assert (tmp_path / ".serve").stat().st_mode & 0o077 == 0


def test_a_folder_is_read_as_its_files_and_a_question_can_be_answered(tmp_path: Path) -> None:
    with service(tmp_path) as house:
        name = upload(house, b"1", b"", b"3")
        until(lambda: state(house, name) == "failed")
        assert "Name it: --phases PVP." in ask(house, "GET", "/live")[1]
        assert ask(house, "POST", f"/jobs/{name}/again", b"portal")[0] == 400
        assert ask(house, "POST", f"/jobs/{name}/again", b"PVP=1")[0] == 200
        until(lambda: state(house, name) == "done")
        found = json.loads((tmp_path / name / "findings.json").read_text())
        assert found["argv"] == ["--phases", "PVP=1"] and found["files"] == 3
        assert ask(house, "POST", f"/jobs/{name}/again")[0] == 409


def test_studies_wait_their_turn_and_can_be_cancelled(tmp_path: Path) -> None:
    blocked = slow(tmp_path)
    with service(tmp_path) as house:
        first, second, third = (upload(house, packed(1)) for _ in range(3))
        assert (first, second, third) == ("upload", "upload-2", "upload-3")
        until(lambda: "looking" in ask(house, "GET", "/live")[1])
        assert [state(house, n) for n in (first, second, third)] == ["reading", "waiting", "waiting"]
        assert ask(house, "POST", f"/jobs/{second}/cancel")[0] == 200 and state(house, second) == "cancelled"
        blocked.unlink()
        until(lambda: (tmp_path / first / ".unfinished").exists())
        assert ask(house, "POST", f"/jobs/{first}/cancel")[0] == 200
        until(lambda: state(house, third) == "done")
        assert state(house, first) == "cancelled" and not (tmp_path / first).exists()
        assert not any((tmp_path / ".serve" / "scratch").iterdir()), "what a reading unpacked stays behind"
        assert ask(house, "POST", f"/jobs/{third}/cancel")[0] == 409
        until(lambda: ask(house, "POST", f"/jobs/{first}/forget")[0] == 200)
        assert house.queue.get(first) is None and not (tmp_path / ".serve" / "sources" / first).exists()


def test_stopped_and_started_again_it_goes_on(tmp_path: Path) -> None:
    blocked = slow(tmp_path)
    with service(tmp_path) as house:
        names = [upload(house, packed(1)) for _ in range(2)]
        until(lambda: (tmp_path / names[0] / ".unfinished").exists())
    assert not (tmp_path / names[0]).exists() and house.num_waiting == 2
    blocked.unlink()
    with service(tmp_path) as house:
        until(lambda: [state(house, name) for name in names] == ["done", "done"])


OUTSIDE = [
    "/readings/../secret/run.json",
    "/readings/..%2fsecret/run.json",
    "/readings/%2e%2e/run.json",
    "/readings/a/..%2f..%2fsecret%2frun.json",
    "/readings/a/notes.txt",
    "/readings/.serve/run.json",
    "/readings/unread/report.html",
    "/readings/%2ftmp/run.json",
    "/nowhere",
]


def test_nothing_else_is_given_out(tmp_path: Path) -> None:
    for folder in ("root/a", "root/.serve", "secret", "root/unread"):
        (tmp_path / folder).mkdir(parents=True)
        for file in ("run.json", "notes.txt", "report.html"):
            (tmp_path / folder / file).write_text("secret")
    (tmp_path / "root/unread/run.json").unlink()
    with service(tmp_path / "root") as house:
        assert [path for path in OUTSIDE if ask(house, "GET", path)[0] != 404] == []
        assert ask(house, "GET", "/readings/a/report.html") == (200, "secret")


def test_other_sites_are_refused(tmp_path: Path) -> None:
    with service(tmp_path) as house:
        assert ask(house, "GET", "/", host="evil.example")[0] == 403
        assert ask(house, "GET", "/", host="localhost:80")[0] == 200
        assert ask(house, "POST", "/uploads", **{"X-Hepaphase": ""})[0] == 403
        assert not any((tmp_path / ".serve/uploads").iterdir())


def test_uploads_are_bounded(tmp_path: Path) -> None:
    with service(tmp_path, upload_gib=1e-3) as house:
        _, key = ask(house, "POST", "/uploads")
        assert ask(house, "PUT", f"/uploads/{key}/0", b"x" * 2**21)[0] == 400
        assert ask(house, "PUT", "/uploads/../0", b"x")[0] in (400, 404)
        assert ask(house, "PUT", f"/uploads/{key}/0", b"x")[0] == 201
        assert ask(house, "PUT", f"/uploads/{key}/0", b"y")[0] == 400, "a file was written over"
        for content in (packed(2**21), packed(9)[:-30], None):
            _, key = ask(house, "POST", "/uploads")
            if content is not None:
                ask(house, "PUT", f"/uploads/{key}/0", content)
            status, why = ask(house, "POST", f"/uploads/{key}")
            assert status == 400 and ("unpacks to" in why or "damaged" in why or "empty" in why)
        assert house.queue.all() == ()


def test_a_broken_reading_does_not_hide_the_others(tmp_path: Path) -> None:
    for name in ("good", "broken"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text('{"steps": []}')
    found = {"case": "<b>", "patient": {"read_from": ["NC"], "malignant": 0.1}, "lesions": []}
    (tmp_path / "good" / "findings.json").write_text(json.dumps(found))
    with service(tmp_path) as house:
        page = ask(house, "GET", "/")[1]
    assert "is not what this version of read writes" in page and "&lt;b&gt;" in page and "<b>" not in page


def test_killed_while_reading_it_reads_again(tmp_path: Path) -> None:
    with opened(tmp_path) as place:
        queue = Queue(place)
        (place.sources / "orphan").mkdir()

        def move_in(name: str) -> str:
            (place.sources / name).mkdir()
            return name

        for name in ("cut", "whole"):
            queue.add(name, move_in, study="s")
            queue.take(lambda: False)
        (tmp_path / "cut" / ".unfinished").mkdir(parents=True)
        (tmp_path / "whole").mkdir()
        (tmp_path / "whole" / "run.json").write_text("{}")
    with service(tmp_path, how=how(sends=True)) as house:
        until(lambda: [state(house, name) for name in ("cut", "whole")] == ["done", "done"])
        assert {str(job.sending) for job in house.queue.all()} == {"waiting"}
        assert sorted(path.name for path in (tmp_path / ".serve/sources").iterdir()) == ["cut", "whole"]
        assert (tmp_path / "cut" / "report.html").exists() and not (tmp_path / "whole" / "report.html").exists()


def test_only_the_newest_readings_are_looked_into(tmp_path: Path) -> None:
    for number, name in enumerate(("old", "middle", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
        os.utime(tmp_path / name / "run.json", (number, number))
    rows, num_older = Readings(tmp_path).rows(2)
    assert [row["name"] for row in rows] == ["new", "middle"] and num_older == 1 and rows[0]["broken"]


def test_a_full_disk_stops_nothing_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hepaphase.serve import jobs

    written, refusals = jobs.write_json, []

    def refusing(path: Path, value: object) -> None:
        if '"reading"' in json.dumps(value) or '"done"' in json.dumps(value):
            refusals.append(path)
            if len(refusals) in (1, 3):
                raise OSError(28, "No space left on device")
        written(path, value)

    monkeypatch.setattr(jobs, "write_json", refusing)
    monkeypatch.setattr("hepaphase.serve.worker._RETRY_S", 0.05)
    with service(tmp_path) as house:
        name = upload(house, packed(1))
        until(lambda: state(house, name) == "done")
    assert len(refusals) == 4


def test_names_that_only_point_here_are_not_ours(tmp_path: Path) -> None:
    with service(tmp_path, host="0.0.0.0") as house:
        port = house.url.rsplit(":", 1)[1]
        assert ask_at(f"127.0.0.1:{port}", "GET", "/live")[0] == 200
        assert ask_at(f"127.0.0.1:{port}", "GET", "/live", host="evil.example")[0] == 403
