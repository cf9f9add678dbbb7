"""Measure ``hepaphase prepare``: ``python docs/measure_prepare.py COHORT WORK RESULTS [--cases 50] [OPTIONS]``.

Copies the first cases of COHORT to WORK, prepares them three times (anew, unchanged, one byte of one file changed),
each time in a process of its own, and writes to RESULTS/rows.csv: seconds, CPU seconds, peak memory against the one
promised, and the number of cases made. OPTIONS go to ``prepare``, such as ``--trust-names``.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

MEMORY_GIB = 8


def main(cohort: Path, work: Path, results: Path, options: list[str], *, num_cases: int) -> None:
    """Three runs, a row each."""
    cases = sorted(p.name for p in cohort.iterdir() if p.is_dir())[:num_cases]
    for case in cases:
        shutil.copytree(cohort / case, work / "cohort" / case)
    rows = [run(work, "anew", options), run(work, "unchanged", options)]
    path = work / "cohort" / cases[len(cases) // 2] / "study.json"
    data = bytearray(path.read_bytes())
    at = data.index(b'"age": ') + len(b'"age": ')
    data[at] = ord("4") if data[at] != ord("4") else ord("5")
    path.write_bytes(bytes(data))
    rows.append(run(work, "one byte of one file changed", options))
    results.mkdir(parents=True, exist_ok=True)
    with (results / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*rows[0], "cases", "options"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "cases": len(cases), "options": " ".join(options)} for row in rows)


def run(work: Path, name: str, options: list[str]) -> dict[str, object]:
    """One run of the command, and what it cost."""
    out = work / "prepared"
    before = {p.name: p.stat().st_mtime_ns for p in out.glob("*.npz")}
    command = [sys.executable, "-m", "hepaphase", "prepare", str(work / "cohort"), str(out)]
    start = time.monotonic()
    process = subprocess.Popen([*command, "--memory", str(MEMORY_GIB), *options], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if status:
        raise SystemExit(f"prepare ended with {status}")
    promised = json.loads((out / "plan.json").read_text())["plan"]["prepare_peak_mib"]
    made = sum(before.get(p.name) != p.stat().st_mtime_ns for p in out.glob("*.npz"))
    row = {"run": name, "made": made, "seconds": round(seconds, 1)}
    row |= {"cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1), "peak_mib": round(usage.ru_maxrss / 1024)}
    return {**row, "promised_mib": round(promised)}


if __name__ == "__main__":
    given = sys.argv[1:]
    number = 50
    if "--cases" in given:
        at = given.index("--cases")
        number = int(given[at + 1])
        del given[at : at + 2]
    main(*map(Path, given[:3]), given[3:], num_cases=number)
