"""HCC-TACE-Seg of TCIA: hepatocellular carcinoma before and after embolization, several phases, masks in DICOM SEG."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from ...study.phase import Phase
from ...study.study import Study
from ..dicom_cohort import DicomCohort
from ..tables import Table
from ..tcia import by_date, patient_folders

_WORDS: Mapping[Phase, str] = {
    Phase.NC: "PRE CONTRAST without",
    Phase.AP: "LIVER ARTERIAL",
    Phase.PVP: "LIVER PORTAL",
    Phase.DP: "LIVER DELAYED",
}


class Adapter(DicomCohort):
    """``HCC_ID/DATE-STUDY/SERIES/1-1.dcm``; each study is a case, the first called ``ID``, later ones ``ID-2`` and on.

    Segments by name: ``Liver``, ``Mass``, ``Portal vein``, ``Abdominal aorta``. Which series is which phase is not
    documented: it is measured where the caller can, else taken from the words of the series.
    """

    source = "hcc_tace_seg"
    licence = "CC BY 4.0"
    kind = "HCC"
    segments: ClassVar[Mapping[str, str]] = {
        "Liver": "liver",
        r"(Mass|Tumor|Lesion)[ _]?\d*": "lesions",
        "Portal vein": "portal_vein",
        "Abdominal aorta|aorta": "aorta",
    }
    written: ClassVar[Mapping[str, str]] = {
        "liver": "Liver",
        "lesions": "Mass",
        "portal_vein": "Portal vein",
        "aorta": "Abdominal aorta",
    }
    table = Table(
        files=tuple(f"HCC-TACE-Seg_clinical_data-V2.{end}" for end in ("csv", "xlsx")), key="tcia_id", prefix="HCC_"
    )

    @classmethod
    def find(cls, root: Path) -> dict[str, Path]:
        """Folders of the studies."""
        found = {}
        for patient, folder in patient_folders(root, "HCC_").items():
            for number, study in enumerate(by_date(folder), start=1):
                found[patient if number == 1 else f"{patient}-{number}"] = study
        return found

    def patient(self, case: str) -> str:
        """Whose study it is."""
        name = next((p for p in self._places[case].parents if p.name.startswith("HCC_")), self._places[case])
        return name.name.removeprefix("HCC_")

    @classmethod
    def write_example(cls, root: Path, study: Study) -> None:
        """Every phase as a series of one study, and the table."""
        cls.write_scans(root / f"HCC_{study.case}" / "04-21-2000-NA-CT ABDOMEN-00001", study, _WORDS)
        cls.write_table(root, study)
