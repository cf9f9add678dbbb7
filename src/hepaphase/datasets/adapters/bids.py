"""BIDS-like folders: one per subject, phases as ``acq-``, masks under ``derivatives``."""

from ..files import FileCohort
from ..layout import Layout, MaskRule
from ..spelling import PHASE_WORDS
from ..tables import Table

_MASK = "derivatives/masks/sub-{case}/ct/sub-{case}_label-NAME_mask.nii.gz"


class Adapter(FileCohort):
    """``sub-01/ct/sub-01_acq-arterial_ct.nii.gz``, masks ``label-liver``, ``participants.tsv``."""

    source = "bids"
    layout = Layout(
        scans="sub-{case}/ct/sub-{case}_acq-{phase}_ct.nii.gz",
        words=PHASE_WORDS,
        masks=tuple(
            MaskRule(template=_MASK.replace("NAME", name), parts={name: ()}) for name in ("liver", "lesions", "body")
        ),
    )
    table = Table(files=("participants.tsv",), key="participant_id", kind="diagnosis", prefix="sub-")
