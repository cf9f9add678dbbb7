"""Liver masks as networks draw them, too wide here and too narrow there, so that a reader learns to mistrust edges."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..base.errors import ConfigError

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskErrors:
    """How far the edge of the liver is moved (all our choice: an organ model of ours took 12 mm of a heart for liver).

    Raises:
        ConfigError: for a share outside [0, 1] or a distance below zero.
    """

    share: float = 0.0
    """Of the examples whose mask is changed; none by default."""
    outwards_voxels: float = 3.0
    """Largest typical error outwards, where organs and fat next to the liver come in."""
    inwards_voxels: float = 1.0
    smooth_voxels: float = 3.0
    """Over what distance the error changes."""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigError(f"share must be in [0, 1], got {self.share}.")
        if min(self.outwards_voxels, self.inwards_voxels, self.smooth_voxels) < 0:
            raise ConfigError(f"Distances must not be negative, got {self}.")

    def apply(self, liver: Mask, lesions: npt.NDArray[Any], rng: np.random.Generator) -> Mask:
        """The mask (z, y, x) with its edge moved, or as it was; every voxel of ``lesions`` above zero stays inside.

        The edge moves by a smooth random field, so that a piece of what lies beside the liver comes in at one place
        and a piece of the liver is lost at another.
        """
        if not self.share or rng.random() >= self.share or liver.all() or not liver.any():
            return liver
        field = ndimage.gaussian_filter(rng.normal(size=liver.shape), self.smooth_voxels)
        field *= rng.uniform(0.3, 1.0) / max(float(field.std()), 1e-6)
        away = ndimage.distance_transform_edt(~liver) - ndimage.distance_transform_edt(liver)
        moved = away <= np.where(field > 0, self.outwards_voxels * field, self.inwards_voxels * field)
        return np.asarray(moved | (liver & (lesions > 0)), bool)
