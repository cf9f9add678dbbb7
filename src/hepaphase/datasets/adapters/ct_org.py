"""CT-ORG: organs in CT of mixed phases; part of it is LiTS."""

from ..files import FileCohort
from ..layout import Layout, MaskRule


class Adapter(FileCohort):
    """``volume-N.nii.gz`` and ``labels-N.nii.gz``; 1 is liver."""

    source = "ct_org"
    licence = "CC BY 3.0; some of its scans are those of LiTS, CC BY-NC-ND 4.0"
    layout = Layout(
        scans="volume-{case}.nii.gz",
        masks=(MaskRule(template="labels-{case}.nii.gz", parts={"liver": (1,)}),),
        needs_mask=True,
        phase_told=False,
    )
