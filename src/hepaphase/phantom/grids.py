"""Where in the body a simulated scan is sampled."""

from dataclasses import dataclass

import numpy as np

from ..base.errors import ConfigError
from ..base.names import check_name
from ..study.geometry import Geometry, Xyz
from .anatomy import Anatomy


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Size and spacing of a scan; its middle is that of the liver, in plane that of the body if ``whole_body``.

    Raises:
        ConfigError: for a size or spacing that is not positive.
    """

    shape_zyx: tuple[int, int, int]
    spacing_zyx_mm: Xyz
    whole_body: bool = False

    def __post_init__(self) -> None:
        if min(self.shape_zyx) < 1 or min(self.spacing_zyx_mm) <= 0:
            raise ConfigError(f"A grid needs positive sizes and spacings, got {self}.")


GRIDS = {
    "abdomen": Grid(shape_zyx=(64, 128, 128), spacing_zyx_mm=(3.0, 3.0, 3.0), whole_body=True),
    "liver": Grid(shape_zyx=(48, 64, 64), spacing_zyx_mm=(4.0, 4.0, 4.0)),
}
"""Named grids: the whole cross-section, and the working grid of both stages."""


def place_grid(grid: str | Grid, anatomy: Anatomy) -> Geometry:
    """The grid in the patient, axes along LPS.

    Raises:
        UnknownNameError: for a grid of an unknown name.
    """
    chosen = GRIDS[check_name(grid, GRIDS, kind="grid")] if isinstance(grid, str) else grid
    low = np.min([np.subtract(b.center, b.half_mm) for b in anatomy.liver], axis=0)
    high = np.max([np.add(b.center, b.half_mm) for b in anatomy.liver], axis=0)
    center = (low + high) / 2
    if chosen.whole_body:
        center[:2] = 0.0
    spacing = np.asarray(chosen.spacing_zyx_mm[::-1])
    origin = center - spacing * (np.asarray(chosen.shape_zyx[::-1]) - 1) / 2
    x, y, z = origin.tolist()
    sx, sy, sz = spacing.tolist()
    return Geometry(chosen.shape_zyx, (sx, sy, sz), (x, y, z))
