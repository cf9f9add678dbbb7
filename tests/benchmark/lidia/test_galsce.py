"""GALS-CE's classifier as a row: its own names for the patient, another network's lesions."""

import csv
from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.benchmark.lidia.drive import drive as drive_row
from hepaphase.benchmark.lidia.galsce import drive
from hepaphase.benchmark.lidia.tables import make_tables
from hepaphase.benchmark.order import Order
from hepaphase.bundle.bundle import Bundle
from hepaphase.evaluation.bootstrap import Bootstrap
from hepaphase.evaluation.rows import read_rows
from hepaphase.study.lesions import MALIGNANT
from hepaphase.training.cohort import Cohort, Split, open_cohort

from ...training.lesion_cohort import write_lesion_cohort
from ..test_diagnosis import write_case


def test_the_classifier_names_what_the_reader_marks(tmp_path: Path) -> None:
    cases = open_cohort(write_lesion_cohort(tmp_path / "cohort"))
    data = Split(cases, Cohort(cases.files[:2], "validation"))
    test = tmp_path / "test"
    test.mkdir()
    for name, lesion in (("a", "hcc"), ("bb", None), ("ccc", "cyst")):
        write_case(test, name, lesion=lesion)
    order = Order(training="hemis", seed=2, quick=True, threads=1, cohort="toy")
    (by_size,) = drive_row(order, data, test, tmp_path / "rows", quiet=True)
    reader = Bundle.load(tmp_path / "rows" / "runs" / "hemis-seed2" / "model.hepa", kind="diagnosis")
    path = drive(order, data, test, tmp_path / "rows", reader=reader, quiet=True)
    assert path == tmp_path / "rows" / "galsce_8-seed2.csv"
    for mine, theirs in zip(read_rows(path), read_rows(by_size), strict=True):
        assert (mine.case, mine.num_found, mine.num_matched) == (theirs.case, theirs.num_found, theirs.num_matched)
        assert mine.malignant_score == pytest.approx(sum(mine.score[key] for key in MALIGNANT), abs=1e-4)
        assert 0 < sum(mine.score.values()) < 1  # what is left is a liver without a lesion
    assert not np.allclose([list(r.score.values()) for r in read_rows(path)], list(read_rows(path)[0].score.values()))
    with path.open(encoding="utf-8") as file:
        facts = next(csv.DictReader(file))
    assert (facts["scale"], facts["steps"], facts["lesions"]) == ("table, quick", "4", reader.fingerprint())
    assert "GALS-CE" in make_tables(tmp_path / "rows", Bootstrap(num_resamples=10)).split("## Fusion")[0]
    with pytest.raises(InputError, match="trained"):
        drive(order, data, tmp_path / "cohort", tmp_path / "rows", reader=reader, quiet=True)
