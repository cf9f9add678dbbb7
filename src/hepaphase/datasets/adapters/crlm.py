"""CRLM (Colorectal-Liver-Metastases) of TCIA: portal venous DICOM before surgery, masks in one DICOM SEG."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from ...study.phase import Phase
from ...study.study import Study
from ..dicom_cohort import DicomCohort
from ..tcia import patient_folders


class Adapter(DicomCohort):
    """``CRLM-CT-ID/DATE-STUDY/SERIES/1-001.dcm``, with a SEG series beside the scan.

    Segments by name: ``Liver``, ``Hepatic`` and ``Portal`` (veins), ``Tumor_1`` and on. ``Liver_Remnant`` is what the
    surgeon plans to leave, never the liver: it is left out and said. All lesions are metastases of colorectal cancer.
    """

    source = "crlm"
    licence = "CC BY 4.0"
    phase = Phase.PVP
    kind = "CRLM"
    segments: ClassVar[Mapping[str, str]] = {
        "Liver": "liver",
        r"Tumor(_\d+)?": "lesions",
        "Hepatic": "hepatic_vein",
        "Portal": "portal_vein",
    }
    written: ClassVar[Mapping[str, str]] = {
        "liver": "Liver",
        "lesions": "Tumor_",
        "hepatic_vein": "Hepatic",
        "portal_vein": "Portal",
    }

    @classmethod
    def find(cls, root: Path) -> dict[str, Path]:
        """Folders of the patients."""
        return patient_folders(root, "CRLM-CT-")

    @classmethod
    def write_example(cls, root: Path, study: Study) -> None:
        """The portal venous phase and the masks."""
        folder = root / f"CRLM-CT-{study.case}" / "01-01-2000-NA-CT ABDOMEN-00001"
        cls.write_scans(folder, study, {Phase.PVP: "Portal Venous"})
