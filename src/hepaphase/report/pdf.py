"""``report.pdf`` from a finished reading: printed by a browser where there is one, else laid out here."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..base.atomic import atomic_path
from ..base.log import logger
from .pdf_pages import write_pages
from .shots import read_shots

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_WAIT_S = 90
log = logger(__name__)


def find_browser() -> str | None:
    """A browser that prints without a window, by the names it is installed under."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def write_pdf(reading: Path, target: Path, *, browser: Callable[[], str | None] = find_browser) -> str:
    """Write the report of the reading in folder ``reading`` to ``target`` and return how it was made.

    A browser that fails is no reason to go without: the other way is taken, and the log says so.
    """
    program = browser()
    if program is not None:
        try:
            _print(program, reading / "report.html", target)
            return Path(program).name
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("%s printed nothing (%s); laid out without it.", program, type(error).__name__)
    findings, run = (json.loads((reading / name).read_text(encoding="utf-8")) for name in ("findings.json", "run.json"))
    with atomic_path(target) as partial:
        write_pages(partial, findings, run, read_shots(reading / "report.html"))
    return "matplotlib"


def _print(program: str, report: Path, target: Path) -> None:
    """Print the page without its scripts, which only the viewer needs; the viewer is not printed."""
    still = re.sub(r"<script.*?</script>", "", report.read_text(encoding="utf-8"), flags=re.DOTALL)
    with tempfile.TemporaryDirectory() as folder, atomic_path(target) as partial:
        page, made = Path(folder, "report.html"), Path(folder, "report.pdf")
        page.write_text(still, encoding="utf-8")
        as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # it refuses to start else
        subprocess.run(
            [program, "--headless", *as_root, "--disable-gpu", "--no-pdf-header-footer",
             f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}", page.as_uri()],
            check=True, capture_output=True, timeout=_WAIT_S,
        )  # fmt: skip
        if not made.is_file() or not made.stat().st_size:
            raise subprocess.SubprocessError("no file")
        shutil.copyfile(made, partial)
