"""BTCV: thirteen abdominal organs in portal venous CT."""

from ..files import FileCohort
from ..layout import Layout, MaskRule


class Adapter(FileCohort):
    """``img/img0001.nii.gz`` and ``label/label0001.nii.gz``; 6 is liver."""

    source = "btcv"
    layout = Layout(
        scans="img/img{case}.nii.gz",
        masks=(MaskRule(template="label/label{case}.nii.gz", parts={"liver": (6,)}),),
    )
