"""AbdomenAtlas: one mask file per structure, named after it; CT of mixed phases."""

from ..files import FileCohort
from ..layout import Layout, MaskRule

_MASKS = "mask_only/{case}/segmentations/"


class Adapter(FileCohort):
    """``image_only/BDMAP_00000001/ct.nii.gz`` and ``mask_only/BDMAP_00000001/segmentations/liver.nii.gz``."""

    source = "abdomenatlas"
    licence = "CC BY-NC-SA"
    layout = Layout(
        scans="image_only/{case}/ct.nii.gz",
        masks=(
            MaskRule(template=_MASKS + "liver.nii.gz", parts={"liver": ()}),
            MaskRule(template=_MASKS + "liver_lesion.nii.gz", parts={"lesions": ()}),
        ),
        phase_told=False,
    )
