"""A grid turned so that its slices are axial: z up, y to the back, x to the left of the patient."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from nibabel import orientations

from ..study.geometry import Floats, Geometry

Array = npt.NDArray[Any]

_ORIENT: Any = orientations  # its functions carry no types


@dataclass(frozen=True, slots=True)
class Axial:
    """How to look at a grid along the axes nearest to those of the patient. Only turns and flips, no resampling."""

    whole: Geometry
    """The grid as it is stored."""
    geometry: Geometry
    """The same voxels in (z, y, x) order nearest to superior, posterior, left."""
    order: Floats
    """What nibabel calls an orientation: for each stored axis (x, y, z) the patient axis and its sign."""

    @classmethod
    def of(cls, geometry: Geometry) -> "Axial":
        """The turned view of ``geometry``."""
        order = _ORIENT.io_orientation(geometry.affine_lps)
        shape_xyz = geometry.shape_zyx[::-1]
        affine = geometry.affine_lps @ _ORIENT.inv_ornt_aff(order, shape_xyz)
        sizes = dict(zip(order[:, 0].astype(int).tolist(), shape_xyz, strict=True))
        return cls(geometry, Geometry.from_affine((sizes[2], sizes[1], sizes[0]), affine), order)

    def turn(self, array: Array) -> Array:
        """``array``, shape (z, y, x) on the stored grid, as a view in the turned order."""
        return np.asarray(_ORIENT.apply_orientation(array.transpose(2, 1, 0), self.order)).transpose(2, 1, 0)

    @property
    def is_stored_axial(self) -> bool:
        """Whether the stored slices are the axial ones."""
        return bool(self.order[2, 0] == 2)
