"""What in a study is no volume of a contrast phase, by name: localizers, dose screens, reformats, projections."""

import re
from dataclasses import dataclass
from typing import Any

from .frames import KINDS
from .headers import text


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Files that were not read, and why."""

    what: str
    """Series number and description."""
    why: str
    num_files: int

    def __str__(self) -> str:
        return f"{self.num_files} x {self.why}" + (f" ({self.what})" if self.what else "")


_BY_TYPE = {
    "LOCALIZER": "localizer",
    "SCOUT": "localizer",
    "TOPOGRAM": "localizer",
    "SCREEN SAVE": "dose screen",
    "DOSE": "dose screen",
    "MPR": "reformat",
    "REFORMATTED": "reformat",
    "CSA MPR": "reformat",
    "CSAMPR": "reformat",
    "CURVED": "reformat",
    "MIP": "projection (MIP)",
    "MIN_IP": "projection (MIP)",
    "MINIP": "projection (MIP)",
    "MAXIMUM": "projection (MIP)",
    "MINIMUM": "projection (MIP)",
    "PROJECTION IMAGE": "projection (MIP)",
    "VOLUME_RENDER": "projection (MIP)",
    "VRT": "projection (MIP)",
    "CSA 3D EDITOR": "projection (MIP)",
    "BOLUS TRACKING": "bolus tracking",
}
"""Value of ImageType to what such an image is."""

_BY_WORDS = (
    (r"\b(topogram|scout|localizer|surview|scanogram)\b", "localizer"),
    (r"\b(dose (report|info|record|screen)|patient protocol|exam protocol|dosimetry)\b", "dose screen"),
    (
        r"\b(pre-?monitoring|monitoring|smart ?prep|bolus ?track\w*|test ?bolus|timing bolus|tracker|sure ?start)\b",
        "bolus tracking",
    ),
    (r"\b(mip|minip|vrt?|volume render\w*)\b", "projection (MIP)"),
    (r"\b(mpr|reformats?|reformatted|coronal|cor|sagittal|sag|oblique|curved)\b", "reformat"),
)
"""Words of a series description; read after ImageType, since technicians write them."""
_NUM_OF_ORIGINALS = 3
"""Of these rules, how many hold for originals too; reformats and projections are never called original."""


def why_left_out(data: Any) -> str:
    """Why the object with header ``data`` is no slice of a CT volume; empty when it is one."""
    kind = data.get("SOPClassUID")
    if kind not in KINDS:
        return _other_object(data)
    types = [str(value).upper().strip() for value in data.get("ImageType") or []]
    if reason := next((_BY_TYPE[value] for value in types if value in _BY_TYPE), ""):
        return reason
    words = re.sub(r"[_/,.;:()]+", " ", text(data, "SeriesDescription").lower())
    rules = _BY_WORDS if "ORIGINAL" not in types[:1] else _BY_WORDS[:_NUM_OF_ORIGINALS]
    return next((reason for pattern, reason in rules if re.search(pattern, words)), "")


def _other_object(data: Any) -> str:
    kind = data.get("SOPClassUID")
    name = str(kind.name) if kind else ""
    if "Secondary Capture" in name or "Dose SR" in name:
        return "dose screen"
    modality = str(data.get("Modality") or "object")
    return modality if kind else f"{modality} without SOPClassUID"
