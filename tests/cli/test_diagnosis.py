"""``benchmark diagnosis`` from rows that are there already: nothing is read, and LIDIA's tables stand beside."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from hepaphase.cli.main import group
from hepaphase.evaluation.lesion_rows import write_lesions
from hepaphase.evaluation.rows import write_rows

from ..evaluation.test_patient import cohort

LIDIA = {"scale": "table", "cohort": "toy", "steps": "1000"}


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Rows of one setting, and of two trainings of LIDIA's tables; PREPARED is empty."""
    write_rows(tmp_path / "rows" / "nc.csv", cohort(30), {"inputs": "NC"})
    write_lesions(tmp_path / "rows" / "lesions" / "nc.csv", (), {"inputs": "NC"})
    for name in ("livermax", "focal"):
        write_rows(tmp_path / "lidia" / f"{name}-seed0.csv", cohort(30), LIDIA)
    (tmp_path / "prepared").mkdir()
    return tmp_path


def run(place: Path, *more: str) -> tuple[int, str]:
    given = ["--rows", f"{place / 'rows'}", "--settings", "nc", "--resamples", "10", *more]
    done = CliRunner().invoke(group, ["benchmark", "diagnosis", f"{place / 'prepared'}", f"{place / 'out'}", *given])
    return done.exit_code, done.output + repr(done.exception)


def test_lidias_tables_are_written_beside_without_reading_anything(rows: Path) -> None:
    code, said = run(rows, "--lidia", f"{rows / 'lidia'}", "--cohort", "toy lined up")
    assert code == 0, said
    text = (rows / "out" / "lidia.md").read_text()
    assert "## Ablation" in text and "+ LiverMax, ours" in text and text in said
    assert "AUC-8" in (rows / "out" / "table.md").read_text()


def test_without_them_no_table_of_lidia_is_written(rows: Path) -> None:
    code, _ = run(rows)
    assert code == 0 and not (rows / "out" / "lidia.md").exists()


def test_rows_of_another_cohort_are_refused_before_anything_is_read(rows: Path) -> None:
    code, said = run(rows, "--lidia", f"{rows / 'lidia'}", "--cohort", "sim-ext")
    assert code != 0 and "are of toy, not of sim-ext" in said and not (rows / "out").exists()
    code, said = run(rows, "--lidia", f"{rows / 'rows'}")
    assert code != 0 and "holds no row" in said
