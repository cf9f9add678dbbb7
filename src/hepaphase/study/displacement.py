"""How a phase was bent to lie on the reference."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..base.errors import GeometryError
from .geometry import Geometry


@dataclass(frozen=True, slots=True, eq=False)
class Displacement:
    """A smooth field of displacements in the space of the reference.

    Raises:
        GeometryError: unless ``mm`` has shape (3, z, y, x) of ``geometry``.
    """

    mm: npt.NDArray[np.float32]
    """(3, z, y, x): along L, P and S, to be added to a reference position before the rigid part."""
    geometry: Geometry
    """Where it is known; beyond, its border continues."""

    def __post_init__(self) -> None:
        if self.mm.shape != (3, *self.geometry.shape_zyx):
            raise GeometryError(f"The displacements have shape {self.mm.shape}, their grid {self.geometry.shape_zyx}.")
