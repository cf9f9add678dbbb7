"""The part of a study that the report shows: turned axial, cropped to the liver."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..resample.crop import Box, box_around
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import AlignedStudy, HuArray
from .axial import Axial

MARGIN_MM = 12.0
"""What is shown around the liver."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class View:
    """Arrays are (z, y, x) nearest to superior, posterior, left; views, not copies."""

    axial: Axial
    """How the whole grid was turned."""
    box: Box
    """Which part of the turned grid this is."""
    geometry: Geometry
    hu: Mapping[Phase, HuArray]
    withheld: Mapping[Phase, HuArray]
    liver: Array
    lesions: Array

    @property
    def spacing_yx_mm(self) -> tuple[float, float]:
        """Spacing within a slice."""
        _, y, x = self.geometry.spacing_zyx_mm
        return (y, x)


def liver_view(study: AlignedStudy, *, withheld: Mapping[Phase, HuArray]) -> View:
    """The box around liver and lesions with ``MARGIN_MM`` on each side; the whole volume when both masks are empty."""
    axial = Axial.of(study.geometry)
    liver = axial.turn(study.masks["liver"])
    lesions = axial.turn(study.masks["lesions"])
    either = (liver > 0) | (lesions > 0)
    if either.any():
        box = box_around(either, axial.geometry, margin_mm=MARGIN_MM)
    else:
        box = Box((0, 0, 0), axial.geometry.shape_zyx)
    part = box.slices
    return View(
        axial=axial,
        box=box,
        geometry=box.geometry(axial.geometry),
        hu={p: axial.turn(study.hu[p])[part] for p in Phase if p in study.hu},
        withheld={p: axial.turn(withheld[p])[part] for p in Phase if p in withheld},
        liver=np.asarray(liver[part] > 0),
        lesions=lesions[part],
    )
