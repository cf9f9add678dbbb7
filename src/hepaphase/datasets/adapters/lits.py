"""LiTS: portal venous CT with liver and tumors."""

from ..files import FileCohort
from ..layout import Layout, MaskRule


class Adapter(FileCohort):
    """``volume-N.nii`` and ``segmentation-N.nii``; 1 is liver, 2 tumor. Cases 28 to 47 are those of 3D-IRCADb."""

    source = "lits"
    licence = "CC BY-NC-ND 4.0"
    layout = Layout(
        scans="volume-{case}.nii.gz",
        masks=(MaskRule(template="segmentation-{case}.nii.gz", parts={"liver": (1, 2), "lesions": (2,)}),),
        needs_mask=True,
    )
