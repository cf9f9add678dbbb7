"""What lies against the liver and is not: fat that runs into its mask from outside, and the heart."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.geometry import Xyz
from ..study.study import HuArray, MaskArray

Bools = npt.NDArray[np.bool_]

_CALM_MM = 1.0
"""Little smoothing, since a fissure is but a few millimeters wide (our choice)."""
_FAT_HU = -10.0
"""Below water and cysts (0 to 20 HU), noise of a smoothed voxel included; the fat of a fissure, at -100 HU, comes down
to this where it fills half of a voxel (our choice)."""
_BELOW_LIVER_HU = 40.0
"""In a fatty liver, whose own level without contrast can be 0 HU, fat must be darker than it by this (our choice)."""
_SURE_FAT_HU = (-250.0, -40.0)
_LEAST_OUTSIDE_ML = 5.0
_MARGIN_MM = 15.0
NEAR_MM = 4.0
"""A voxel of the grid that stage II reads: as far as fat darkens what is seen there."""


def near_other(liver: MaskArray, hu: HuArray, spacing_zyx_mm: Xyz, *, heart: MaskArray | None = None) -> MaskArray:
    """One within ``NEAR_MM`` of ``heart``, or of fat that lies in ``liver`` (z, y, x) and continues outside of it.

    Such fat fills the fissures, the hilum and the groove of the vena cava. A lesion that holds fat (an angiomyolipoma,
    an adenoma, a well differentiated HCC) lies within the liver and its fat ends with it; that of a fissure is of one
    piece with the fat around the liver. ``heart`` is what was taken out of the mask (``heart.heart_in``): the border is
    not known better than the voxels that hold the fat between both. All lie on the grid of ``hu``.
    """
    near = np.zeros(liver.shape, np.uint8)
    if not liver.any():
        return near
    box = _around(liver, spacing_zyx_mm)
    other = _fat(liver[box] > 0, hu[box], spacing_zyx_mm)
    if heart is not None:
        other |= heart[box] > 0
    if other.any():
        near[box] = ndimage.distance_transform_edt(~other, sampling=spacing_zyx_mm) <= NEAR_MM
    return near


def _fat(liver: Bools, hu: HuArray, spacing_zyx_mm: Xyz) -> Bools:
    """Fat in the liver's mask that is of one piece with fat outside."""
    calm = ndimage.gaussian_filter(hu, [_CALM_MM / s for s in spacing_zyx_mm], truncate=2.5)
    bound = min(_FAT_HU, float(np.median(calm[liver])) - _BELOW_LIVER_HU)
    low, high = _SURE_FAT_HU
    pieces, num = ndimage.label((calm < bound) & (calm > low), structure=np.ones((3, 3, 3)))
    sure = (calm < min(high, bound)) & (calm > low) & ~liver
    outside_ml = np.bincount(pieces[sure], minlength=num + 1) * float(np.prod(spacing_zyx_mm)) / 1000
    large = outside_ml >= _LEAST_OUTSIDE_ML
    large[0] = False
    return np.asarray(large[pieces] & liver)


def _around(mask: MaskArray, spacing_zyx_mm: Xyz) -> tuple[slice, ...]:
    """The box around ``mask`` with a margin, clamped to the grid."""
    margins = [round(_MARGIN_MM / s) for s in spacing_zyx_mm]
    found = ndimage.find_objects((mask > 0).astype(np.uint8))[0]
    return tuple(slice(max(0, part.start - m), part.stop + m) for part, m in zip(found, margins, strict=True))
