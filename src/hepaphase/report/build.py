"""``report.html`` from what a reading found."""

from pathlib import Path

from ..base.atomic import write_text
from .html import render
from .input import ReportInput
from .page import page_context
from .view import liver_view


def write_report(path: Path, report: ReportInput) -> None:
    """Write the report to ``path``: one file under 25 MB that opens without a network."""
    write_text(path, render_report(report))


def render_report(report: ReportInput) -> str:
    """The report as the text of one HTML file."""
    return render(page_context(report, liver_view(report.study, withheld=report.withheld)))
