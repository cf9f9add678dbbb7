"""The command answers at once and never with a traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hepaphase.base.errors import OutputError
from hepaphase.cli.main import COMMANDS, group, main

HEAVY = ("torch", "monai", "matplotlib", "nibabel", "pydicom", "scipy")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "hepaphase", *words], capture_output=True, text=True, check=False)


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from hepaphase.cli.main import group; group.main(['--help'], standalone_mode=False);"
        f"sys.exit(1 if set(sys.modules) & set({HEAVY}) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(group, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize(
    "words", [("reed",), ("read",), ("read", "--nope"), ("read", "nowhere", "out", "--phases", "XX")]
)
def test_a_mistake_is_one_clear_line_and_code_2(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("hepaphase: ") and done.stderr.count("\n") == 1, done.stderr


def test_a_place_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for command in (["simulate"], ["read", str(tmp_path)], ["train", "smoke", str(tmp_path)], ["demo", "--out"]):
        result = CliRunner().invoke(group, [*command, str(tmp_path / "file" / "out")])
        assert isinstance(result.exception, OutputError) and "is a file" in str(result.exception), command


def test_a_folder_without_the_right_to_write_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    if os.access(tmp_path / "locked", os.W_OK):
        pytest.skip("this user may write anywhere")
    result = CliRunner().invoke(group, ["simulate", str(tmp_path / "locked" / "out"), "--cases", "1", "--seed", "1"])
    assert isinstance(result.exception, OutputError) and "no right to write" in str(result.exception)


@pytest.mark.skipif(os.name != "posix", reason="needs limits on the size of files")
def test_a_full_disk_is_one_line_and_leaves_no_half_file(tmp_path: Path) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000));"
    code = f"{limited} import sys; from hepaphase.cli.main import main; main()"
    words = ["simulate", str(tmp_path / "out"), "--cases", "1", "--seed", "1", "--grid", "liver"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("hepaphase: ") and done.stderr.count("\n") == 1, done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_who_stops_reading_gets_no_traceback() -> None:
    closed = "import os; r, w = os.pipe(); os.dup2(w, 1); os.close(w); os.close(r);"
    code = f"{closed} from hepaphase.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "train"], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and done.stderr == ""


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_too_little_memory_is_one_line(error: Exception, monkeypatch, capsys) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(group, "main", fail)
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    assert capsys.readouterr().err == (
        "hepaphase: There is not enough memory for this. Free some, or give less at once.\n"
    )


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOENT, "No such file or directory. Look at the path"),
        (errno.ENOSPC, "No space left on device. Make room"),
        (errno.EACCES, "Permission denied. Ask for the right to it"),
        (errno.EISDIR, "a file and a folder are not the same"),
        (errno.ENAMETOOLONG, "shorter or plainer name"),
        (errno.EMFILE, "Too many files are open at once"),
        (errno.EADDRINUSE, "give another port"),
        (errno.EXDEV, "Look at that file and the disk it is on"),
    ],
)
def test_what_the_system_refuses_is_one_line_that_says_what_to_do(
    number: int, advice: str, monkeypatch, capsys
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(number, os.strerror(number), "scan.nii.gz")

    monkeypatch.setattr(group, "main", fail)
    with pytest.raises(SystemExit) as exit_:
        main()
    told = capsys.readouterr().err
    assert exit_.value.code == 2 and told.startswith("hepaphase: 'scan.nii.gz': ") and told.count("\n") == 1
    assert advice in told and ("Make room" in told) == (number == errno.ENOSPC)


def test_a_mistake_of_ours_stays_a_traceback(monkeypatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(group, "main", fail)
    with pytest.raises(RuntimeError, match="a mistake"):
        main()
