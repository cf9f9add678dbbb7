"""Medical Segmentation Decathlon, liver: the same scans as LiTS."""

from ..files import FileCohort
from ..layout import Layout, MaskRule


class Adapter(FileCohort):
    """``imagesTr/liver_0.nii.gz`` and ``labelsTr``; 1 is liver, 2 cancer."""

    source = "msd03"
    licence = "CC BY-SA 4.0; the scans are those of LiTS, CC BY-NC-ND 4.0"
    layout = Layout(
        scans="images{set}/liver_{case}.nii.gz",
        masks=(MaskRule(template="labels{set}/liver_{case}.nii.gz", parts={"liver": (1, 2), "lesions": (2,)}),),
        sets=("Tr", "Ts"),
    )
