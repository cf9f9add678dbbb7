"""Medical Segmentation Decathlon, hepatic vessels and tumors."""

from ..files import FileCohort
from ..layout import Layout, MaskRule


class Adapter(FileCohort):
    """``imagesTr/hepaticvessel_001.nii.gz`` and ``labelsTr``; 1 is vessel, 2 tumor, the liver is not drawn."""

    source = "msd08"
    licence = "CC BY-SA 4.0"
    layout = Layout(
        scans="images{set}/hepaticvessel_{case}.nii.gz",
        masks=(MaskRule(template="labels{set}/hepaticvessel_{case}.nii.gz", parts={"lesions": (2,)}),),
        sets=("Tr", "Ts"),
    )
