"""The part of a heart that a liver mask took in, given back."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..study.geometry import Xyz
from ..study.study import HuArray

Bools = npt.NDArray[np.bool_]
Floats32 = npt.NDArray[np.float32]

_STEP_MM = 2.5
"""The competition is held on a grid about as coarse as this."""
_SURE = 0.7
_LEAST_HEART_ML = 20.0
"""With less heart in view than this, outside the mask, nothing can have been taken in from it (our choice)."""
_FAR_MM = 35.0
"""Liver that lies further than this from the heart that the network knows is liver for sure: what it takes in lies
against the heart (54 of 72 ml within 15 mm, all within 30 in the one scan where truth is known). Our choice."""
_SURE_LIVER = 0.9
_CALM_MM = 1.5
_DARK_HU = 10.0
"""Darker than the liver's median by this is no noise any more, after smoothing (our choice)."""
_SPAN_HU = 50.0
_TOLL = 20.0
"""How many times longer a way through voxels darker than the liver by a further 50 HU counts (our choice; 10 and 40 do
about the same)."""
_LEAST_ML = 3.0
"""Less is left as it is: the edge between heart and liver is not known better than that (our choice)."""


def heart_in(liver: Bools, likely_liver: Floats32, likely_heart: Floats32, hu: HuArray, spacing_zyx_mm: Xyz) -> Bools:
    """The voxels of ``liver`` (z, y, x) that are heart.

    Between heart and liver lie the diaphragm and the fat around both, a dark sheet of a few millimeters that is seen in
    every phase, although blood and liver may be equally bright. So a front runs from the heart that the network sees
    above the mask, another from the liver that lies far from it, both slowed by what is darker than the liver, and each
    voxel of the mask belongs to whom it is nearer. The septum, dark itself, is reached through the ventricles beside
    it; a dark lesion at the dome, or a bright one, through the liver that surrounds it. Where no sheet is seen
    the border lies half-way. Probabilities and HU lie on the grid of ``liver``. All numbers are our choice.
    """
    nothing = np.zeros_like(liver)
    step = tuple(max(1, round(_STEP_MM / s)) for s in spacing_zyx_mm)
    every = tuple(slice(None, None, n) for n in step)
    wide = [n * s for n, s in zip(step, spacing_zyx_mm, strict=True)]
    voxel_ml = float(np.prod(wide)) / 1000
    inside, heart = liver[every], likely_heart[every]
    seen = (heart > _SURE) & ~inside
    if seen.sum() * voxel_ml < _LEAST_HEART_ML:
        return nothing
    away_mm = ndimage.distance_transform_edt(heart <= 0.5, sampling=wide)
    sure = inside & (likely_liver[every] > _SURE_LIVER) & (away_mm > _FAR_MM)
    if not sure.any():
        return nothing
    slow = np.where(inside | (heart > 0.3), 1 + _TOLL * _darkness(hu, liver, spacing_zyx_mm, step), 1000.0)
    taken = inside & (_travel(seen, slow, wide) < _travel(sure, slow, wide))
    taken = _hanging(ndimage.binary_opening(taken), inside)
    if taken.sum() * voxel_ml < _LEAST_ML:
        return nothing
    for axis, (num, size) in enumerate(zip(step, liver.shape, strict=True)):
        taken = taken.repeat(num, axis=axis).take(np.arange(size), axis=axis)
    return np.asarray(taken & liver)


def _darkness(hu: HuArray, liver: Bools, spacing_zyx_mm: Xyz, step: tuple[int, ...]) -> Floats32:
    """How much darker than the liver each coarse voxel's darkest part is, 0 to 2."""
    calm = ndimage.gaussian_filter(hu, [_CALM_MM / s for s in spacing_zyx_mm], truncate=2.5)
    level = float(np.median(calm[liver]))
    darkest = ndimage.minimum_filter(calm, size=step)[tuple(slice(None, None, n) for n in step)]
    return np.asarray(np.clip((level - _DARK_HU - darkest) / _SPAN_HU, 0, 2))


def _travel(seeds: Bools, slow: npt.NDArray[np.floating], wide: list[float]) -> Floats32:
    """How long a front from ``seeds`` takes to each voxel, fast marching."""
    toolkit = _toolkit()
    image = toolkit.GetImageFromArray((1 / slow).astype(np.float32))
    image.SetSpacing([float(s) for s in wide[::-1]])
    march = toolkit.FastMarchingImageFilter()
    edge = np.argwhere(seeds & ndimage.binary_dilation(~seeds))
    march.SetTrialPoints([[int(x), int(y), int(z), 0] for z, y, x in edge])
    times = np.array(toolkit.GetArrayFromImage(march.Execute(image)), np.float32)
    times[seeds] = 0
    return times


def _toolkit() -> Any:
    import SimpleITK  # half a second; without types

    return SimpleITK


def _hanging(taken: Bools, inside: Bools) -> Bools:
    """``taken`` and what hangs on it alone: pieces of the mask that are cut off from its largest one."""
    if not taken.any():
        return taken
    rest, num = ndimage.label(ndimage.binary_opening(inside & ~taken))
    if num < 2:
        return taken
    main = rest == 1 + int(np.bincount(rest.ravel())[1:].argmax())
    cut_off = (rest > 0) & ~main
    pieces, _ = ndimage.label(cut_off | taken)
    touched = np.unique(pieces[taken])
    return np.asarray(np.isin(pieces, touched[touched > 0]))
