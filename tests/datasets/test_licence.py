"""What a cohort's licence says, in one line."""

from pathlib import Path

import pytest

from hepaphase.datasets.licence import NOT_STATED, forbids_sale, is_open, licence_line
from hepaphase.datasets.protocol import ADAPTERS, open_cohort
from hepaphase.io.case import write_case

from ..example_study import example_study


@pytest.mark.parametrize(
    ("text", "sale"),
    [
        ("CC BY-NC-SA 4.0", False),
        ("Attribution-NonCommercial 4.0 International", False),
        ("for non-commercial research", False),
        ("CC BY 4.0", True),
        ("Apache-2.0", True),
        ("CC0 1.0, of four phases: NC, AP", False),  # in doubt it is closed
        ("INCA consortium", True),
    ],
)
def test_a_licence_forbids_sale_by_its_words(text: str, sale: bool) -> None:
    assert forbids_sale(text) is not sale
    assert is_open(f"source: {text}") is sale


def test_a_file_beside_the_cases_counts_more_than_what_the_source_declares(tmp_path: Path) -> None:
    write_case(example_study(), tmp_path / "one")
    adapter = open_cohort(tmp_path)
    assert licence_line(adapter, tmp_path) == f"{tmp_path.name}: {NOT_STATED}"
    assert not is_open(licence_line(adapter, tmp_path))
    (tmp_path / "LICENCE.txt").write_text("\n  Creative Commons Attribution 4.0\n\nYou may share it.\n")
    assert licence_line(adapter, tmp_path) == f"{tmp_path.name}: Creative Commons Attribution 4.0"
    (tmp_path / "LICENSE").write_text("Terms of our hospital\n\nFor noncommercial use.\n")
    line = licence_line(adapter, tmp_path)
    assert line == f"{tmp_path.name}: Terms of our hospital, non-commercial" and not is_open(line)


def test_sources_declare_what_they_are_known_for() -> None:
    licences = {name: getattr(ADAPTERS.load(name), "licence", "") for name in ADAPTERS.names()}
    closed = {name for name, text in licences.items() if forbids_sale(text)}
    assert closed == {"abdomenatlas", "chaos", "ct_org", "flare", "ircadb", "lits", "msd03", "trials"}
    assert {"mct_ltdiag", "amos", "crlm", "hcc_tace_seg"} <= {
        n for n, text in licences.items() if is_open(text) and text
    }
