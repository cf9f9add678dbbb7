"""The grid that the networks of both stages work on: a box around the liver at a fixed spacing, axes along LPS."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..base.errors import ConfigError, StudyError
from ..study.geometry import Floats, Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class LiverGrid:
    """How the box around the liver is sampled.

    The defaults are our choice: the coarsest grid on which a 10 mm lesion still spans two voxels, and the size at
    which nearly every adult liver fits with a margin.

    Raises:
        ConfigError: for a spacing that is not positive or a size the networks cannot halve.
    """

    spacing_mm: float = 4.0
    shape_zyx: tuple[int, int, int] = (48, 64, 64)
    """Smallest size; a larger liver gets a larger box."""
    multiple: int = 16
    """Sizes are multiples of this, so that a network may halve them four times."""
    margin_mm: float = 16.0
    """Room around the liver's bounding box that must be inside."""

    def __post_init__(self) -> None:
        if self.spacing_mm <= 0:
            raise ConfigError(f"spacing_mm must be positive, got {self.spacing_mm}.")
        if any(n % self.multiple for n in self.shape_zyx):
            raise ConfigError(f"shape_zyx must be multiples of {self.multiple}, got {self.shape_zyx}.")


def liver_grid(liver: npt.NDArray[np.uint8], geometry: Geometry, config: LiverGrid | None = None) -> Geometry:
    """The working grid for a liver mask: LPS axes, centred on the liver's bounding box.

    Args:
        liver: (z, y, x), nonzero inside the liver, on ``geometry``.
        geometry: any orientation.
        config: how to sample; the default when None.

    Raises:
        StudyError: when the mask is empty.
    """
    config = config or LiverGrid()
    low, high = bounds_lps_mm(liver, geometry)
    needed = (high - low + 2 * config.margin_mm) / config.spacing_mm  # x, y, z
    shape_zyx = tuple(
        max(smallest, int(np.ceil(n / config.multiple)) * config.multiple)
        for smallest, n in zip(config.shape_zyx, needed[::-1], strict=True)
    )
    half_xyz_mm = (np.asarray(shape_zyx[::-1]) - 1) / 2 * config.spacing_mm
    x, y, z = ((low + high) / 2 - half_xyz_mm).tolist()
    a, b, c = shape_zyx
    return Geometry((a, b, c), (config.spacing_mm,) * 3, (x, y, z))


def reach_lps_mm(low: Floats, high: Floats, config: LiverGrid | None = None) -> tuple[Floats, Floats]:
    """The corners, (3,) LPS each, of all that ``liver_grid`` may show of a liver between ``low`` and ``high``.

    The grid of the same liver, seen a little larger in another phase, may be one step larger: so a whole step of room
    is counted beside the margin.
    """
    config = config or LiverGrid()
    smallest_mm = np.asarray(config.shape_zyx[::-1]) * config.spacing_mm
    room_mm = 2 * config.margin_mm + config.multiple * config.spacing_mm
    half_mm = np.maximum(smallest_mm, high - low + room_mm) / 2
    return (low + high) / 2 - half_mm, (low + high) / 2 + half_mm


def bounds_lps_mm(mask: npt.NDArray[np.uint8], geometry: Geometry) -> tuple[Floats, Floats]:
    """Lowest and highest LPS corner of the smallest index box around ``mask``; exact for axis-aligned grids."""
    if not mask.any():
        raise StudyError("The liver mask is empty. Give a mask (liver.nii.gz in the case folder), or check the phase.")
    picks = []
    for axis in range(3):
        where = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        picks.append((where[0], where[-1]))
    corners = np.array(np.meshgrid(*picks, indexing="ij")).reshape(3, -1).T
    lps = geometry.to_lps_mm(corners)
    return lps.min(axis=0), lps.max(axis=0)
