"""The budgets' instrument: it sees children, compares runs, keeps rows and does not blame a job for a busy machine."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.example_study import FINE, volume

from hepaphase.base.errors import InputError, StudyError, UnknownNameError
from hepaphase.benchmark.speed.jobs import JOBS, QUICK, USUAL, Job
from hepaphase.benchmark.speed.measure import run_fresh
from hepaphase.benchmark.speed.run import Order, held, measure_all, table
from hepaphase.benchmark.speed.study import Size, _resized, _with_air, write_study
from hepaphase.io.dicom import find_passes
from hepaphase.study.phase import Provenance

IN_A_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"
HOLDS = "import time; held = b'1' * {} * 2**20; time.sleep(0.3)"


def test_memory_and_seconds_of_children_count() -> None:
    lean, greedy = (run_fresh(("-c", IN_A_CHILD, HOLDS.format(mib)))[0] for mib in (1, 200))
    assert lean.peak_mib is not None and greedy.peak_mib is not None
    assert 150 < greedy.peak_mib - lean.peak_mib < 300
    assert lean.wall_s is not None and lean.wall_s >= 0.3
    light, heavy = (run_fresh(("-c", IN_A_CHILD, f"sum(range({n}))"))[0].cpu_s for n in (10, 30_000_000))
    assert light is not None and heavy is not None and heavy > 2 * light


def test_what_this_process_holds_is_not_counted() -> None:
    held_here = np.ones(300 * 2**17)
    assert run_fresh(("-c", "pass"))[0].peak_mib < 150 and held_here.nbytes > 300 * 10**6


def test_a_command_that_fails_is_one_line() -> None:
    with pytest.raises(StudyError, match="failed: ValueError: no"):
        run_fresh(("-c", "raise ValueError('no')"))


def test_a_larger_scan_shows_the_same_place() -> None:
    scan = volume(FINE, Provenance.SIMULATED)
    large = _resized(scan, tuple(3 * n for n in FINE.shape_zyx))
    np.testing.assert_allclose(large.geometry.to_lps_mm((4, 7, 10)), FINE.to_lps_mm((1, 2, 3)), atol=1e-9)
    assert large.hu[4, 7, 10] == pytest.approx(scan.hu[1, 2, 3], abs=1e-3)
    tall = _with_air(scan, 5)
    np.testing.assert_allclose(tall.geometry.to_lps_mm((5, 0, 0)), FINE.to_lps_mm((0, 0, 0)), atol=1e-9)
    assert tall.geometry.shape_zyx[0] == FINE.shape_zyx[0] + 10 and (tall.hu[:5] == -1000).all()


def row(job: str, wall_s: float, cpu_s: float, peak_mib: float, load: float) -> dict[str, str]:
    figures = {"wall_s": f"{wall_s}", "cpu_s": f"{cpu_s}", "peak_mib": f"{peak_mib}", "size_mb": ""}
    return {"job": job, "run": "1", **figures, "load": f"{load}", "note": "", "scale": "full", "version": "1",
            "machine": "a machine"}  # fmt: skip


@pytest.mark.parametrize(
    ("wall_s", "cpu_s", "peak_mib", "load", "verdict"),
    [
        (9, 30, 900, 8, "yes"),
        (11, 12, 900, 0.1, "no"),
        (11, 12, 900, 8, "not told; other work ran"),
        (11, 9, 900, 8, "by its CPU seconds; other work ran"),
        (11, 21, 900, 8, "no"),
        (9, 9, 1025, 0.1, "no"),
    ],
)
def test_a_budget_is_kept_or_not_or_cannot_be_told(
    wall_s: float, cpu_s: float, peak_mib: float, load: float, verdict: str
) -> None:
    job = Job(what="it", measure=JOBS["help"].measure, seconds=10, gib=1)
    assert held(job, [row("it", wall_s, cpu_s, peak_mib, load)], cores=2) == verdict


def test_table_says_what_memory_does_with_the_field_of_view() -> None:
    rows = [row("read", 10, 10, 1000, 0), row("read", 20, 10, 1000, 0), row("read-tall", 10, 10, 1500, 0)]
    text = table(rows)
    assert "15.0 [10.0, 20.0]" in text and "1.50 times, it grows" in text and "120 s, 4 GiB | 2 |" in text
    assert "it does not grow" in table([rows[0], {**rows[2], "peak_mib": "1010"}])


def test_runs_are_kept_and_those_of_elsewhere_refused(tmp_path: Path) -> None:
    said: list[str] = []
    first = Order(jobs=("help",), runs=1, is_quick=True)
    text = measure_all(first, tmp_path / "out", tmp_path, said.append)
    assert (
        len(said) == 1 and "imports neither torch nor numpy" in text and text == (tmp_path / "out/table.md").read_text()
    )
    measure_all(replace(first, runs=2), tmp_path / "out", tmp_path, said.append)
    rows = list(csv.DictReader((tmp_path / "out/runs.csv").read_text().splitlines()))
    assert [r["run"] for r in rows] == ["1", "2"] and len(said) == 2
    assert re.match(r"help, run 2: wall_s \d+\.\d+, cpu_s ", said[1])
    with pytest.raises(InputError, match="measured elsewhere or otherwise"):
        measure_all(replace(first, is_quick=False), tmp_path / "out", tmp_path, said.append)
    with pytest.raises(UnknownNameError, match="Known: demo, help, read"):
        measure_all(Order(jobs=("speak",)), tmp_path / "out", tmp_path, said.append)
    assert "tests" not in USUAL


@pytest.mark.slow
def test_study_is_read_as_four_phases_and_a_simulated_case_costs_something(tmp_path: Path) -> None:
    write_study(tmp_path / "dicom", Size(shape_zyx=(12, 24, 24), air_slices=2))
    passes = find_passes(tmp_path / "dicom").passes
    assert [p.num_slices for p in passes] == [16] * 4
    cost = JOBS["simulate"].measure(tmp_path, QUICK)
    assert cost.cpu_s is not None and cost.cpu_s > 0
