"""FLARE: abdominal organs in CT of mixed phases."""

from ..files import FileCohort
from ..layout import Layout, MaskRule


class Adapter(FileCohort):
    """``images/FLARE22_Tr_0001_0000.nii.gz`` and ``labels``; 1 is liver.

    Label 14 of FLARE23 is a tumor of any organ, so it is not taken.
    """

    source = "flare"
    licence = "CC BY-NC-SA"
    layout = Layout(
        scans="images/FLARE{set}_Tr_{case}_0000.nii.gz",
        masks=(MaskRule(template="labels/FLARE{set}_Tr_{case}.nii.gz", parts={"liver": (1,)}),),
        sets=("22", "23"),
        phase_told=False,
    )
