"""Brackets survive the file, and stand beside the figures of a reader or a generator."""

from pathlib import Path

import numpy as np
import pytest

from hepaphase.base.errors import InputError
from hepaphase.benchmark.ceiling.beside import beside_errors, beside_readings
from hepaphase.benchmark.ceiling.figures import (
    KNOWN,
    Figure,
    bracket_text,
    brackets,
    known_brackets,
    read_figures,
    with_column,
    write_figures,
)
from hepaphase.benchmark.diagnosis import Result
from hepaphase.benchmark.inputs import MAIN_JOB
from hepaphase.evaluation.rows import PatientRow
from hepaphase.study.lesions import LESION_CLASSES

RESULTS = Path(__file__).parents[3] / "results" / "ceiling"
SHIPPED = sorted(path.name for path in KNOWN.iterdir() if path.name.endswith(".csv"))


def figure(end: str, value: float, positive: int | None = 3) -> Figure:
    return Figure(
        quantity="AUC",
        level="patient",
        inputs="NC, PVP",
        clinical=False,
        name="AUC hcc",
        end=end,
        value=value,
        low=value - 0.1,
        high=value + 0.1,
        num=10,
        positive=positive,
    )


def test_figures_survive_the_file(tmp_path: Path) -> None:
    figures = [figure("lower", 0.5), figure("upper", 0.75, None)]
    write_figures(tmp_path / "ceiling.csv", figures, {"cohort": "tiny"})
    again = read_figures((tmp_path / "ceiling.csv").read_text())
    assert again == figures
    assert brackets(again) == {("AUC", "patient", "NC, PVP", False, "AUC hcc"): (0.5, 0.75)}
    with pytest.raises(InputError, match="not a table of ceilings"):
        read_figures("a,b\n1,2\n")


def test_words_for_brackets() -> None:
    assert bracket_text((0.5, 0.75)) == "0.50 to 0.75"
    assert bracket_text((3.14, float("nan")), digits=1) == "3.1 or more"
    assert bracket_text(None) == ""


def test_a_column_is_added_to_each_line() -> None:
    table = "| | NC |\n|---|---|\n| AUC hcc | 0.5 |\n| lesion recall | 0.1 |\n\nwords\n"
    assert with_column(table, "ceiling", {"AUC hcc": "0.50 to 0.75"}) == (
        "| | NC | ceiling |\n|---|---|---|\n| AUC hcc | 0.5 | 0.50 to 0.75 |\n| lesion recall | 0.1 |  |\n\nwords\n"
    )


@pytest.mark.parametrize("cohort", [name.removesuffix(".csv") for name in SHIPPED])
def test_a_reading_has_its_ceiling_beside_it(cohort: str) -> None:
    row = PatientRow(case="a", truth=dict.fromkeys(LESION_CLASSES, False), score={}, malignant_score=0.0)
    results = [Result(setting, (row,)) for setting in MAIN_JOB]
    table = "| | a | b |\n|---|---|---|\n| AUC-8 | 1 | 2 |\n\nDifferences from NC, paired by patient:\n\n| | b |\n"
    text = beside_readings(table, results, cohort)
    first, _, differences = text.partition("Differences")
    assert first.splitlines()[0].count("ceiling") == 2  # generated phases have that of NC
    low, high = known_brackets(cohort)["AUC", "patient", "NC", False, "AUC-8"]
    assert f"{low:.2f} to {high:.2f}" in first
    assert "ceiling" not in differences
    assert "No ceiling is known for cohort 'elsewhere'" in beside_readings(table, results, "elsewhere")


@pytest.mark.parametrize("cohort", [name.removesuffix(".csv") for name in SHIPPED])
def test_errors_have_theirs(cohort: str) -> None:
    table = "| | kinetic |\n|---|---|\n| NC to AP: lesion_mean_mae | 20 |\n| NC to AP: liver_within_1sd | 0.6 |\n"
    lines = beside_errors(table, cohort).splitlines()
    assert " to " in lines[2].split("|")[3]
    assert lines[3].split("|")[3].strip() == ""


def test_an_unknown_cohort_is_said_to_be_unknown() -> None:
    assert "No ceiling is known for cohort 'mine'" in beside_errors("| | kinetic |\n|---|---|\n", "mine")


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_is_what_was_published(name: str) -> None:
    text = (KNOWN / name).read_text(encoding="utf-8")
    assert text == (RESULTS / name.removesuffix(".csv") / "ceiling.csv").read_text(encoding="utf-8")
    for key, (low, high) in brackets(read_figures(text)).items():
        if key[0] == "AUC" and key[4] in ("AUC-8", "malignant AUC"):
            assert low < high <= 1, key
        assert np.isfinite(low), key
