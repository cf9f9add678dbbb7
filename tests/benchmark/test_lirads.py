"""Categories against classes, counted."""

import csv
from dataclasses import replace

import numpy as np

from hepaphase.benchmark.cases import load_case
from hepaphase.benchmark.lirads import FALSE, GradedRow, graded, table, write
from hepaphase.diagnosis.diagnose import Diagnosis
from hepaphase.phantom.cohort import CohortOptions, write_cohort
from hepaphase.study.findings import PatientScores
from hepaphase.study.lesions import LESION_CLASSES


def row(k: int, true: str, category: str, at_risk: bool = True) -> GradedRow:
    return GradedRow(
        case=f"p{k}", at_risk=at_risk, true=true, category=category, aphe="nonrim", washout=True, size_mm=9
    )


def test_shares_are_of_lesions_with_intervals_by_patient(tmp_path):
    rows = [row(k, "hcc", "LR-5" if k % 4 else "LR-4") for k in range(12)]
    rows += [row(20, "cyst", "LR-1", at_risk=False), row(21, FALSE, "LR-3")]
    told = write(rows, tmp_path, "Twelve.")
    assert "| hcc | 0 | 0 | 0 | 3 | 9 | 0 |" in told and "| hcc given LR-5 | 12 | 0.750 [" in told
    risk, everybody = told.split("All patients")
    assert "| cyst | 0 | 0" in risk and "| cyst | 1 | 0" in everybody and "| no lesion | 0 | 0 | 1 |" in risk
    assert len(list(csv.DictReader((tmp_path / "lirads.csv").read_text().splitlines()))) == 14
    assert "(too few)" in table(rows[:3])


def test_true_lesions_are_graded_on_their_patient(tmp_path):
    write_cohort(tmp_path, [3, 9], CohortOptions(grid="liver", prepared=True), quiet=True)
    shares = dict.fromkeys(LESION_CLASSES, 1 / len(LESION_CLASSES))
    number = 0
    for path in sorted(tmp_path.glob("*.npz")):
        case = load_case(path)
        labels = case.truth.lesions.astype(np.uint16)
        said = Diagnosis(labels, [shares] * int(labels.max()), PatientScores(shares, 0.5), np.zeros(1, np.float32))
        rows = graded(case, {"age": 60, "cirrhosis": True}, said)
        assert all(r.at_risk and r.true != FALSE for r in rows)
        assert not any(r.at_risk for r in graded(case, {"age": 60}, said))
        assert graded(replace(case), {"age": 60, "cirrhosis": True}, said) == rows
        number += len(rows)
    assert number
