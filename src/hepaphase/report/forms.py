"""A finished reading in another form; no network is asked again."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from ..base.atomic import atomic_path
from ..base.errors import ConfigError, InputError, OutputError
from ..base.names import check_name
from .again import dicom_again
from .dicom.objects import SEG_NAME, SR_NAME, dicom_objects, write_dicom
from .pdf import write_pdf

FORMS = {
    "html": "report.html",
    "pdf": "report.pdf",
    "json": "findings.json",
    "sr": SR_NAME,
    "seg": SEG_NAME,
}
"""Form to file name."""


def parse_forms(text: str) -> tuple[str, ...]:
    """``html,pdf`` to forms, each once.

    Raises:
        ConfigError: when none is named.
        UnknownNameError: for one that does not exist.
    """
    wanted = [check_name(part.strip().lower(), FORMS, kind="form") for part in text.split(",") if part.strip()]
    if not wanted:
        raise ConfigError(f"--format is empty. Give one or more of {', '.join(FORMS)}.")
    return tuple(dict.fromkeys(wanted))


def write_forms(
    reading: Path,
    forms: Sequence[str],
    to: Path | None = None,
    *,
    source: Path | None = None,
    keep_identity: bool = False,
) -> list[Path]:
    """Write what is asked for and return the paths; what can be refused is refused before anything is written.

    Args:
        reading: OUT of ``hepaphase read``.
        forms: keys of ``FORMS``.
        to: folder to write to; the reading itself when None, where only what is not there yet is made.
        source: the DICOM that was read: SEG and SR are made anew from it and the masks; both, as one names the other.
        keep_identity: with ``source``, whether they say whose it is.

    Raises:
        InputError: when ``reading`` is not a whole reading.
        OutputError: when a form cannot be made, or a file is in the way.
    """
    _check(reading, forms, source)
    target = to or reading
    apart = target.resolve() != reading.resolve()
    if apart and (there := next((n for f in forms if (target / (n := FORMS[f])).exists()), None)):
        raise OutputError(f"{there} exists in {target.name}. Give another folder.")
    written = []
    if source is not None:
        objects = dicom_objects(dicom_again(reading, source, keep_identity=keep_identity))
        written += write_dicom(objects, target)
        forms = [form for form in forms if form not in _DICOM]
    for form in forms:
        path = target / FORMS[form]
        if form == "pdf":
            write_pdf(reading, path)
        elif apart:
            with atomic_path(path) as partial:
                shutil.copyfile(reading / FORMS[form], partial)
        written.append(path)
    return written


_DICOM = ("sr", "seg")


def _check(reading: Path, forms: Sequence[str], source: Path | None) -> None:
    if not (reading / "run.json").is_file() or not (reading / "findings.json").is_file():
        raise InputError(
            f"'{reading}' holds no whole reading (run.json and findings.json). Give OUT of hepaphase read."
        )
    if any(form in ("html", "pdf") for form in forms) and not (reading / "report.html").is_file():
        raise OutputError(f"report.html is gone from '{reading}', and its pictures with it. Read the study again.")
    if source is not None and not set(forms) & set(_DICOM):
        raise ConfigError("--source is for SEG and SR, which --format does not name.")
    lacking = [FORMS[form] for form in forms if form in _DICOM and not (reading / FORMS[form]).is_file()]
    if lacking and source is None:
        case = json.loads((reading / "findings.json").read_text(encoding="utf-8")).get("case", reading.name)
        raise OutputError(
            f"{' and '.join(lacking)}: the reading of '{case}' has none. They are written by read where the reference "
            "phase came as DICOM, and point at its images. If it did, name that DICOM by --source."
        )
