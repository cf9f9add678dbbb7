"""AMPLIFAI: four phases with LI-RADS features, gathered from several public sets."""

from ...study.phase import Phase
from ..files import FileCohort
from ..layout import Layout, MaskRule
from ..tables import Table


class Adapter(FileCohort):
    """``CASE00001/ct/CASE00001_{ART,VEN,DEL,DRY}.nii.gz``, ``annotations/lesion.nii.gz`` and ``labels.csv``.

    LI-RADS categories are facts of the patient, not lesion classes: the lesion table stays unknown.
    """

    source = "amplifai"
    layout = Layout(
        scans="{case}/ct/{case}_{phase}.nii.gz",
        words={"DRY": Phase.NC, "ART": Phase.AP, "VEN": Phase.PVP, "DEL": Phase.DP},
        masks=(MaskRule(template="{case}/annotations/lesion.nii.gz", parts={"lesions": ()}),),
    )
    table = Table(files=("labels.csv", "train.csv"), key="case_id")
