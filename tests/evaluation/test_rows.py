"""Rows of patients survive their file."""

from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.test_patient import cohort

from hepaphase.base.errors import InputError
from hepaphase.evaluation.rows import read_rows, write_rows


def test_rows_survive_a_file(tmp_path: Path) -> None:
    rows = cohort(30)
    write_rows(tmp_path / "rows.csv", rows, {"cohort": "sim", "seed": "0"})
    again = read_rows(tmp_path / "rows.csv")
    assert [r.truth for r in again] == [dict(r.truth) for r in rows]
    assert again[3].score["icc"] == pytest.approx(rows[3].score["icc"], abs=1e-5)
    assert np.isnan(again[0].values["AP_liver_mae"])


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not a table of patients"):
        read_rows(tmp_path / "x.csv")
