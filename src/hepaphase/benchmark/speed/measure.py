"""What a command costs: wall seconds, CPU seconds and peak memory, its children included."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...base.errors import ConfigError, StudyError
from ...inference.bounded import end

_SAMPLE_S = 0.05
_PROC = Path("/proc")
_LAUNCHER = """
import json, os, sys, time
start = time.monotonic()
pid = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[2:]], os.environ)
_, status, usage = os.wait4(pid, 0)
cost = {"wall_s": time.monotonic() - start, "cpu_s": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss}
with open(sys.argv[1], "w") as file:
    json.dump({**cost, "code": os.waitstatus_to_exitcode(status)}, file)
"""
"""Starts the command from a process of 8 MiB: what a process held before it began counts as its own to the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What was measured; None where it does not apply or the system does not tell."""

    wall_s: float | None = None
    cpu_s: float | None = None
    """User and system, of the process and all that it waited for."""
    peak_mib: float | None = None
    """Most resident memory at once of the process and all below it; pages they share count in each."""
    size_mb: float | None = None
    """Of a file, in 10^6 bytes."""
    note: str = ""


def run_fresh(arguments: Sequence[str]) -> tuple[Cost, str]:
    """Run ``python ARGUMENTS`` in a new process; what it cost and what it said.

    Raises:
        ConfigError: where the system does not tell what a process cost (Windows).
        StudyError: when the command fails.
    """
    if not hasattr(os, "wait4"):
        raise ConfigError("Speed is measured on Linux and macOS, where the system tells what a process cost.")
    with tempfile.TemporaryFile() as said, tempfile.NamedTemporaryFile(mode="r", encoding="ascii") as told:
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, told.name, *arguments]
        process = subprocess.Popen(
            launcher, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
        sampler = _Sampler(process.pid)
        try:
            process.wait()
        finally:
            sampler.stop()
            end(process)
        said.seek(0)
        text = said.read().decode("utf-8", errors="replace")
        cost = json.loads(told.read() or '{"code": -1}')
    if cost["code"]:
        last = text.strip().splitlines()[-1:] or [f"exit code {cost['code']}"]
        raise StudyError(f"'{' '.join(arguments[:3])} ...' failed: {last[0]}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak_mib = max(cost["peak"] / unit, sampler.peak_mib)
    return Cost(wall_s=cost["wall_s"], cpu_s=cost["cpu_s"], peak_mib=peak_mib), text


class _Sampler:
    """Watches the memory of all processes below one from a thread; 0 where the system has no /proc."""

    def __init__(self, pid: int) -> None:
        self.peak_mib = 0.0
        self._pid = pid
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_SAMPLE_S):
            self.peak_mib = max(self.peak_mib, _resident_mib(self._pid))


def _resident_mib(root: int) -> float:
    """Resident memory of all processes below one now."""
    facts = [found for path in _PROC.glob("[0-9]*/stat") if (found := _facts(path))]
    below, pages = {root}, 0
    for pid, parent, resident in sorted(facts):  # children have higher numbers, but for the rare wrap
        if parent in below:
            below.add(pid)
            pages += resident
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _facts(path: Path) -> tuple[int, int, int] | None:
    """Process, parent and resident pages (proc(5), fields 1, 4 and 24)."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # ended meanwhile
        return None
    fields = text.rpartition(")")[2].split()
    return int(path.parent.name), int(fields[1]), int(fields[21])


def load() -> float:
    """Processes that wanted to run over the last minute, on average; what else the machine did."""
    return os.getloadavg()[0]


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> str:
    """The machine in words: processor, cores, memory, system, Python, and threads where the user limits them."""
    threads = os.environ.get("OMP_NUM_THREADS")
    gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    limited = f", OMP_NUM_THREADS={threads}" if threads else ""
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    return (
        f"{_processor()}, {num_cores()} core(s), {gib:.0f} GiB, {system}, Python {platform.python_version()}{limited}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
