"""A finished reading in other forms: PDF with and without a browser, copies, refusals."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from click.testing import CliRunner

from hepaphase.base.atomic import write_json
from hepaphase.base.errors import ConfigError, InputError, OutputError, UnknownNameError
from hepaphase.cli.report import command
from hepaphase.report.build import write_report
from hepaphase.report.findings_json import write_findings
from hepaphase.report.forms import parse_forms, write_forms
from hepaphase.report.pdf import find_browser, write_pdf
from hepaphase.report.shots import read_shots

from .cases import GRIDS, aligned, report_input


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """What read writes, as far as the forms look at it: two lesions, AP generated."""
    folder = tmp_path_factory.mktemp("read")
    report = report_input(aligned(GRIDS["axial thin"]))
    write_findings(folder / "findings.json", report)
    write_report(folder / "report.html", report)
    write_json(folder / "run.json", {"warnings": ["The <time> is unknown."], "versions": {"hepaphase": "0.0.1"}})
    return folder


def nothing() -> None:
    return None


def test_pictures_come_back_with_what_is_drawn_over_them(finished) -> None:
    shots = read_shots(finished / "report.html")
    assert [s.section for s in shots] == ["summary"] * 4 + ["lesion-1"] * 4 + ["lesion-2"] * 4
    first = shots[0]
    height, width = first.pixels().shape[:2]
    assert height / width == pytest.approx(first.size_mm[1] / first.size_mm[0], rel=0.02)
    assert {o.color for o in first.outlines} >= {""} and all(o.points.shape[1] == 2 for o in first.outlines)
    assert np.concatenate([o.points for o in first.outlines]).max() <= max(first.size_mm)
    assert [s.provenance for s in shots[:4]].count("synthetic") == 2 and shots[0].caption.startswith("NC non-contrast")


def test_a_pdf_is_laid_out_without_a_browser(finished, tmp_path) -> None:
    assert write_pdf(finished, tmp_path / "report.pdf", browser=nothing) == "matplotlib"
    data = (tmp_path / "report.pdf").read_bytes()
    assert data.startswith(b"%PDF") and len(re.findall(rb"/Type /Page\b", data)) == 3
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", tmp_path / "report.pdf", "-"], capture_output=True, text=True, check=True)
        pages = text.stdout.split("\f")[:3]
        assert all(page.count("Research use only") == 2 for page in pages)
        assert "2 focal liver lesions found" in pages[0] and "The <time> is unknown." in pages[0]
        assert "Lesion 2:" in pages[2] and "generated" in pages[2]


def test_a_browser_that_fails_is_done_without(finished, tmp_path) -> None:
    assert write_pdf(finished, tmp_path / "report.pdf", browser=lambda: shutil.which("false")) == "matplotlib"
    assert [p.name for p in tmp_path.iterdir()] == ["report.pdf"]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(find_browser() is None, reason="needs Debian's chromium")
def test_a_browser_prints_the_page(finished, tmp_path) -> None:
    assert write_pdf(finished, tmp_path / "report.pdf") == "chromium"
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_other_forms_are_copied_to_where_they_are_wanted(finished, tmp_path) -> None:
    run = CliRunner().invoke(command, [str(finished), "--format", "json,html", "--to", str(tmp_path / "to")])
    assert run.exit_code == 0 and run.output.split() == [
        str(tmp_path / "to" / n) for n in ("findings.json", "report.html")
    ]
    assert (tmp_path / "to" / "report.html").read_bytes() == (finished / "report.html").read_bytes()
    with pytest.raises(OutputError, match=r"findings\.json exists in to"):
        write_forms(finished, ["json"], tmp_path / "to")
    assert write_forms(finished, ["json"]) == [finished / "findings.json"]


def test_what_cannot_be_given_is_refused_before_anything_is_written(finished, tmp_path) -> None:
    with pytest.raises(OutputError, match=r"report\.sr\.dcm and lesions\.seg\.dcm: the reading of '.*' has none"):
        write_forms(finished, ["json", "sr", "seg"], tmp_path / "to")
    assert not (tmp_path / "to").exists()
    with pytest.raises(InputError, match="holds no whole reading"):
        write_forms(tmp_path, ["json"])
    with pytest.raises(UnknownNameError, match="pdf"):
        parse_forms("pfd")
    with pytest.raises(ConfigError, match="empty"):
        parse_forms(" ,")
    assert parse_forms("PDF, html,pdf") == ("pdf", "html")
