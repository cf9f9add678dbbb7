"""What the DICOM results are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...base.errors import DicomError
from ...study.findings import Findings
from ...study.geometry import Floats, Geometry
from ...study.origin import Origin
from ...study.phase import Phase
from ...study.study import LabelArray, MaskArray

USE = "Research use only"
MAKER = "hepaphase"


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomInput:
    """One reading and the images it was read from.

    Raises:
        DicomError: when the reference phase did not come from DICOM images.
    """

    case: str
    """Stands for the patient's name and number, unless the origin says them."""
    findings: Findings
    reference: Phase
    origins: Mapping[Phase, Origin]
    """Of the phases that were scanned and came as DICOM; generated ones have none."""
    geometry: Geometry
    """Grid of the masks: that of the reference phase, or a box of it that holds them."""
    liver: MaskArray
    lesions: LabelArray
    generated: tuple[Phase, ...] = ()
    """Phases that no scanner measured."""
    transforms: Mapping[Phase, Floats] = field(default_factory=dict)
    """Phase to the 4x4 LPS matrix from the reference to that phase's own space, where it is known."""
    reader: str = ""
    """What named the lesions."""
    version: str = ""
    """Of hepaphase."""

    def __post_init__(self) -> None:
        if self.reference not in self.origins:
            raise DicomError(
                f"The {self.reference} phase of '{self.case}', on which the masks lie, did not come from DICOM images. "
                "SEG and SR point at such images; read a DICOM folder."
            )
        held = sorted(int(v) for v in np.unique(self.lesions) if v)
        if held != [f.lesion_id for f in self.findings.lesions]:
            raise DicomError(
                f"The mask of '{self.case}' holds lesions {held}, the findings "
                f"{[f.lesion_id for f in self.findings.lesions]}. Read the study again."
            )

    @property
    def origin(self) -> Origin:
        """The images of the reference phase."""
        return self.origins[self.reference]
