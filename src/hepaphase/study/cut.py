"""What a volume was cut from: the grid of the whole scan, and what was seen in it before it was let go."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..base.errors import GeometryError
from .geometry import Geometry

Seen = tuple[npt.NDArray[np.float32], Geometry]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cut:
    """The whole scan that a volume is a part of."""

    whole: Geometry
    """Its grid, on which results are written."""
    start_zyx: tuple[int, int, int]
    """The voxel of the whole that is the first of the part."""
    digest: str
    """SHA-256 over voxels and grid of the whole."""
    overview: Seen | None = None
    """The whole at the voxels that a rigid registration looks at, (z, y, x) HU with its grid."""
    organs: Seen | None = None
    """What the organ model said of the whole, (classes, z, y, x) probabilities with their grid: asked of a part alone
    it would say something else."""

    def require(self, part: Geometry) -> None:
        """Refuse a part whose grid is not, to the last digit, that of these voxels of the whole.

        Raises:
            GeometryError: saying where the part should lie.
        """
        stop = (
            self.start_zyx[0] + part.shape_zyx[0],
            self.start_zyx[1] + part.shape_zyx[1],
            self.start_zyx[2] + part.shape_zyx[2],
        )
        outside = min(self.start_zyx) < 0 or any(b > n for b, n in zip(stop, self.whole.shape_zyx, strict=True))
        if outside or self.whole.crop(self.start_zyx, stop) != part:
            raise GeometryError(
                f"A volume of {part.shape_zyx} voxels at {part.origin_lps_mm} mm is not what was cut from "
                f"{self.whole.shape_zyx} at voxel {self.start_zyx}."
            )
