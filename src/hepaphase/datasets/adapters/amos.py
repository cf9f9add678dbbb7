"""AMOS: fifteen abdominal organs in CT of mixed phases; MR is left out."""

from pathlib import Path

from ..files import CaseFiles, FileCohort
from ..layout import Layout, MaskRule

LAST_CT = 500
"""Cases with a higher number are MR."""


class Adapter(FileCohort):
    """``imagesTr/amos_0001.nii.gz`` and ``labelsTr``; 6 is liver. Numbers above 500 are MR and left out."""

    source = "amos"
    licence = "CC BY 4.0"
    layout = Layout(
        scans="images{set}/amos_{case}.nii.gz",
        masks=(MaskRule(template="labels{set}/amos_{case}.nii.gz", parts={"liver": (6,)}),),
        sets=("Tr", "Va", "Ts"),
        phase_told=False,
    )

    @classmethod
    def find(cls, root: Path) -> dict[str, CaseFiles]:
        """The files of each CT."""
        found = super().find(root)
        return {case: files for case, files in found.items() if not (case.isdigit() and int(case) > LAST_CT)}
