"""DICOM of any making: every study below a folder is a case; who it is stays out of all names."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from ...base.names import check_name
from ...io.headers import Header, read_headers, text
from ...io.identity import identity, pseudonym
from ...study.phase import Phase
from ...study.study import Study
from ..dicom_cohort import DicomCohort

_WORDS = {Phase.NC: "native", Phase.AP: "arterial", Phase.PVP: "portal venous", Phase.DP: "delayed"}
_LOOKED_AT = 200
"""Files that are opened at most to see whether they are DICOM."""


class Adapter(DicomCohort):
    """Files anywhere below the root, grouped by study; a case is called by a pseudonym of its study.

    Studies of one patient are known by the patient's number and called after the first of them. DICOM SEG objects in
    a study are its masks, by label. Used where no layout of a known set fits.
    """

    source = "dicom"
    segments: ClassVar[Mapping[str, str]] = {
        "liver": "liver",
        r".*(lesion|tumou?r|mass|metasta).*": "lesions",
        "body": "body",
        "portal vein": "portal_vein",
        "(abdominal )?aorta": "aorta",
        "spleen": "spleen",
    }
    written: ClassVar[Mapping[str, str]] = {
        "liver": "Liver",
        "lesions": "Tumor_",
        "body": "Body",
        "portal_vein": "Portal vein",
        "aorta": "Aorta",
    }

    def __init__(self, root: Path) -> None:
        self.root, self._rows = root, {}
        studies: dict[str, list[Header]] = {}
        for header in read_headers(root):
            studies.setdefault(text(header.data, "StudyInstanceUID"), []).append(header)
        self._files = {pseudonym(headers): [h.path for h in headers] for headers in studies.values()}
        self._places = dict.fromkeys(self._files, root)
        self._owners: dict[str, str] = {}
        first: dict[str, str] = {}
        for case in sorted(self._files):
            number = identity(self._files[case][0]).get("patient_id", case)
            self._owners[case] = first.setdefault(number, case)

    @classmethod
    def recognizes(cls, root: Path) -> bool:
        """Whether one of the first files below ``root`` begins as DICOM does."""
        files = (p for p in root.rglob("*") if p.is_file() and not p.name.startswith("."))
        return any(_is_dicom(path) for path in islice(files, _LOOKED_AT))

    def patient(self, case: str) -> str:
        """The first case of the same patient."""
        return self._owners[check_name(case, self._places, kind="case")]

    def paths(self, case: str) -> list[Path]:
        """The files of the study."""
        return list(self._files[check_name(case, self._places, kind="case")])

    def clinical(self, case: str) -> dict[str, Any]:
        """Nothing: there is no table."""
        return {}

    def scans(self, case: str, place: Path) -> AbstractContextManager[Sequence[Path]]:
        """The files of the study."""
        return nullcontext(self._files[case])

    @classmethod
    def write_example(cls, root: Path, study: Study) -> None:
        """Every phase as a series of one study."""
        cls.write_scans(root / "study", study, _WORDS)


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"
