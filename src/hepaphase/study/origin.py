"""The DICOM images a volume was read from: enough to write results that point back at them, and no voxels."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .geometry import Xyz


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One image: an object of its own, or a frame of a multi-frame one."""

    uid: str
    """SOP instance."""
    kind: str
    """SOP class."""
    position_lps_mm: Xyz
    """Center of its first voxel."""
    frame: int | None = None
    """Which frame of the object, counted from 1; None where the object holds one image."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The images of one volume, as they lie in the patient, which need not be evenly or upright."""

    images: tuple[SourceImage, ...]
    """In order of their position along the normal."""
    shape_yx: tuple[int, int]
    spacing_yx_mm: tuple[float, float]
    row: Xyz
    """Unit vector along a row."""
    column: Xyz
    """Unit vector along a column."""
    header: Mapping[str, str] = field(default_factory=dict)
    """DICOM keyword to value of what all images share: UIDs of study, series and frame of reference; who it is of and
    when it was taken only where that was asked to be kept."""

    @property
    def series_uid(self) -> str:
        """Of the images."""
        return self.header["SeriesInstanceUID"]
