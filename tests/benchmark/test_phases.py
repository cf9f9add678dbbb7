"""Phases recognized are judged by what was scanned, not by what a file is called."""

import csv

from hepaphase.benchmark.phases import ALONE, TOGETHER, PhaseRow, confusion, scanned, statistics, write
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.phantom.cohorts import named_cohort
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.simulate import filed_as, simulate
from hepaphase.prepare.recognize import Recognized
from hepaphase.study.phase import Phase

SMALL = Grid(shape_zyx=(8, 12, 14), spacing_zyx_mm=(20.0, 22.0, 24.0))
FEW = Bootstrap(num_resamples=20)


def found(phase: Phase, sure: float = 0.97) -> Recognized:
    rest = (1 - sure) / 3
    return Recognized(
        phase=phase,
        probabilities={p: sure if p is phase else rest for p in Phase},
        time_s=70.0,
        interval_s=(60.0, 80.0),
        misfit=1.0,
    )


def test_a_swapped_pair_counts_as_what_was_scanned() -> None:
    population = named_cohort("sim-1k-test").population
    truth = simulate(20006, grid=SMALL, population=population).truth
    names = {p: filed_as(p, truth.patient.phases, truth.patient.events) for p in truth.patient.phases}
    swapped = {p for p in names if names[p] is not p}
    assert {p: scanned(p, truth)[0] for p in names} == names
    assert all(scanned(p, truth)[1] == truth.patient.exam.times_s[names[p]] for p in names)
    assert swapped == {Phase.PVP, Phase.DP}


def test_rows_name_the_file_and_the_scan_and_shares_have_intervals(tmp_path) -> None:
    rows = [
        PhaseRow(f"p{i}", given, phase, 70.0, found(phase), Phase.DP)
        for i in range(5)
        for given in (TOGETHER, ALONE)
        for phase in (Phase.NC, Phase.PVP)
    ]
    rows.append(PhaseRow("p5", TOGETHER, Phase.PVP, 70.0, found(Phase.DP, 0.6), Phase.PVP))
    text = write(rows, tmp_path, {"cohort": "made"}, FEW)
    with (tmp_path / "rows.csv").open() as file:
        listed = list(csv.DictReader(file))
    assert len(listed) == len(rows) and listed[0]["filed"] == "DP" and listed[0]["phase"] == "NC"
    assert "| PVP | 0 (0.00 [0.00, 0.39]) | 0 (0.00 [0.00, 0.39]) | 5 (0.83 [0.44, 0.97]) | 1 (0.17" in confusion(
        [r for r in rows if r.given == TOGETHER]
    )
    by_name = {s.name: s for s in statistics([r for r in rows if r.given == TOGETHER], FEW)}
    assert by_name["right"].interval.value == 10 / 11 and by_name["right where answered"].interval.value == 1
    assert "right" in text
