"""TriALS: four phases as one file each, in the folders of nnU-Net."""

from ...study.phase import Phase
from ..files import FileCohort
from ..layout import Layout, MaskRule


class Adapter(FileCohort):
    """``imagesTr/venous_0.nii.gz`` and ``labelsTr/venous_0.nii.gz``; 1 is liver, 2 a lesion.

    The source documents the spelling ``venous``; the other three are taken to follow it.
    """

    source = "trials"
    licence = "CC BY-NC 4.0"
    layout = Layout(
        scans="images{set}/{phase}_{case}.nii.gz",
        words={
            "non-contrast": Phase.NC,
            "noncontrast": Phase.NC,
            "arterial": Phase.AP,
            "venous": Phase.PVP,
            "delayed": Phase.DP,
            "delay": Phase.DP,
        },
        sets=("Tr", "Ts"),
        masks=(MaskRule(template="labels{set}/{phase}_{case}.nii.gz", parts={"liver": (1, 2), "lesions": (2,)}),),
    )
