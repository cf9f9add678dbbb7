"""MCT-LTDiag: four phases on one grid, five kinds of lesion, masks in the portal venous phase."""

from pathlib import Path
from typing import Any

from ...study.phase import Phase
from ..files import FileCohort
from ..layout import Layout, MaskRule
from ..metadata import read_metadata
from ..tables import Table, yes_no

_YES_NO = {
    "cirrhosis status": "cirrhosis",
    "cirrhosis status (y/n)": "cirrhosis",
    "history of viral hepatitis": "viral_hepatitis",
    "history of viral hepatitis (y/n)": "viral_hepatitis",
    "history of chemotherapy": "chemotherapy",
    "history of chemotherapy (y/n)": "chemotherapy",
}
_TUMORS = tuple(f"meta_info_tumor{end}" for end in (".csv", ".tab"))


class Adapter(FileCohort):
    """``ID/NIFTI/{nc,art,pvp,delay,mask_pvp,liver_mask_pvp}.nii.gz`` and ``meta_info_patient.csv`` (or ``.tab``).

    Yes/no columns hold free text such as ``Y(TACE)``: the answer becomes ``chemotherapy``, the remark
    ``chemotherapy_note``. Measures of the tumor table join the clinical facts as ``tumor: NAME``.
    """

    source = "mct_ltdiag"
    licence = "CC0 1.0"
    layout = Layout(
        scans="{case}/NIFTI/{phase}.nii.gz",
        words={"nc": Phase.NC, "art": Phase.AP, "pvp": Phase.PVP, "delay": Phase.DP},
        masks=(
            MaskRule(template="{case}/NIFTI/liver_mask_pvp.nii.gz", parts={"liver": ()}),
            MaskRule(template="{case}/NIFTI/mask_pvp.nii.gz", parts={"lesions": ()}),
        ),
    )
    table = Table(
        files=("meta_info_patient.csv", "meta_info_patient.tab"),
        key="id",
        rename={"patient_sex": "sex", "patient_age": "age"},
        kind="type",
    )

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        path = next((root / name for name in _TUMORS if (root / name).is_file()), None)
        self._tumors = {} if path is None else read_metadata(path, key="id", repeats=True)

    def clinical(self, case: str) -> dict[str, Any]:
        """The patient's row with its yes/no cells taken apart, and the tumor's measures."""
        facts: dict[str, Any] = {}
        for name, value in super().clinical(case).items():
            if name not in _YES_NO:
                facts[name] = value
                continue
            answer, note = yes_no(value)
            facts[_YES_NO[name]] = answer
            facts |= {f"{_YES_NO[name]}_note": note} if note else {}
        return facts | {f"tumor: {name}": value for name, value in self._tumors.get(case, {}).items()}
