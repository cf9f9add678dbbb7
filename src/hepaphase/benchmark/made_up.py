"""Regions of plain liver that a generated phase shows and the truth does not, counted in three ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..evaluation.physics.exam import LEAST_NOISE_HU, VESSELS, organs_of_labels
from ..study.phase import Phase
from ..synthesis.reach import UNSCANNED_HU
from ..training.cohort import PreparedCase

Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]

SMALLEST_REGION_MM3 = 113.0
"""A sphere of 6 mm, as the smallest lesion that counts; more than the 5 mm of the physics notes (M10)."""
MADE_UP_HU = 15.0
"""How far a region deviates from the liver, and from the truth, that could be read as a lesion (our choice)."""
MADE_UP_LOCAL_HU = 10.0
"""Contrast with what is around it that a region must have more of than the truth, and the truth less than (ours)."""
CORRELATE_SDS = 4.0
"""Contrast of the same place in a given phase, in standard deviations of that scan's smoothed noise, from which it may
be a correlate: what the physics notes (M10) take for standing out. It must also be ``MADE_UP_LOCAL_HU``, as what the
truth must not show: the noise after smoothing is often below 1 HU, and livers vary by more (our choice)."""
_SMOOTHING_MM = 6.0
_AROUND_MM = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUp:
    """Numbers of regions; each kind is part of the one before."""

    odd: int
    """Off the liver's median, and as much off the truth's distance from its own."""
    seen: int
    """Of those, the ones that would be seen as a lesion by their contrast with what is around them."""
    unfounded: int
    """Of those, the ones without a correlate in any phase that was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One region of plain liver that is off as a lesion is, and off what the truth is."""

    num_voxels: int
    made_hu: float
    """Contrast of what was made with the plain liver around; NaN where nothing is around."""
    true_hu: float
    """The truth's."""
    given: Mapping[Phase, tuple[float, float]]
    """Contrast in each phase that was given, and the standard deviation of that scan's smoothed noise, HU; the first is
    NaN where it did not scan the place."""

    @property
    def seen(self) -> bool:
        """Whether it has the contrast of a lesion with what is around it, and has it not in the truth."""
        same_way = self.true_hu * np.sign(self.made_hu)
        contrast = abs(self.made_hu)
        apart = contrast >= MADE_UP_HU and same_way < MADE_UP_LOCAL_HU and contrast - same_way >= MADE_UP_LOCAL_HU
        return bool(np.isnan(self.made_hu) or apart)

    @property
    def founded(self) -> bool:
        """Whether a phase that was given shows something in the same place, bright or dark."""
        return any(abs(hu) > max(MADE_UP_LOCAL_HU, CORRELATE_SDS * noise) for hu, noise in self.given.values())


def count_made_up(case: PreparedCase, made: Floats, truth: Floats, given: Mapping[Phase, Floats]) -> MadeUp:
    """How many :func:`regions_of` there are, and how many of them of each kind."""
    found = regions_of(case, made, truth, given)
    seen = [one for one in found if one.seen]
    return MadeUp(odd=len(found), seen=len(seen), unfounded=sum(not one.founded for one in seen))


def regions_of(case: PreparedCase, made: Floats, truth: Floats, given: Mapping[Phase, Floats]) -> list[Region]:
    """Regions of the liver, no lesion and no vessel, that deviate from it as a lesion does where the truth does not.

    All volumes are smoothed to 6 mm. A voxel is odd where it is ``MADE_UP_HU`` off the liver's median, and as much off
    the truth's distance from its own; connected odd voxels of ``SMALLEST_REGION_MM3`` are a region. An error in the
    level of the liver thus counts at its rim, where fat is mixed in and the truth is off the median as well, a little
    less or more. A region would be seen as a lesion if its mean is ``MADE_UP_HU`` off the plain liver within 8 mm
    around it, of which the truth shows less than ``MADE_UP_LOCAL_HU`` in that direction, and ``MADE_UP_LOCAL_HU`` less
    than what was made. It is founded if in a phase that was given the same place has a contrast, bright or dark, beyond
    ``MADE_UP_LOCAL_HU`` and beyond ``CORRELATE_SDS`` of the noise, streaks included, that the scan has after the same
    smoothing. What a phase did not scan it says nothing of.

    Args:
        case: masks and grid; ``masks`` cut to what was scanned (``benchmark.synthesis.reached``).
        made: the generated phase (z, y, x), HU.
        truth: the same without noise.
        given: what it was made from, HU, in the breathing state in which the generator was shown it.
    """
    inside = plain_liver(case)
    if not inside.any():
        return []
    steps = np.asarray(case.geometry["spacing_xyz_mm"][::-1], float)
    smooth = [_smoothed(hu, np.ones(inside.shape, np.bool_), steps) for hu in (made, truth)]
    off = [hu - np.median(hu[inside]) for hu in smooth]
    odd = inside & (np.abs(off[0]) >= MADE_UP_HU) & (np.abs(off[0] - off[1]) >= MADE_UP_HU)
    parts, number = ndimage.label(odd)
    sizes = np.bincount(parts.ravel(), minlength=number + 1)
    large = [k for k in range(1, number + 1) if sizes[k] * float(np.prod(steps)) >= SMALLEST_REGION_MM3]
    shown = {p: _show(case, p, hu, inside) for p, hu in given.items()} if large else {}
    return [_region(_place(parts == k, inside & ~odd, steps), smooth, shown) for k in large]


class _Shown(NamedTuple):
    """A given phase, smoothed."""

    hu: Floats
    scanned: Bools
    noise_hu: float


class _Place(NamedTuple):
    """A region and the plain liver around it, cut to their box."""

    box: tuple[slice, ...]
    region: Bools
    around: Bools


def _place(region: Bools, plain: Bools, steps_mm: Floats) -> _Place:
    sides = ndimage.find_objects(region.astype(np.int8))[0]
    box = tuple(slice(max(0, s.start - 8), s.stop + 8) for s in sides)
    near = ndimage.distance_transform_edt(~region[box], sampling=steps_mm) <= _AROUND_MM
    return _Place(box, region[box], near & plain[box])


def _contrast(place: _Place, hu: Floats, known: Bools | None = None) -> float:
    """HU of a region above what is around it, over ``known`` voxels; NaN where either has none."""
    region, around = place.region, place.around
    if known is not None:
        region, around = region & known[place.box], around & known[place.box]
    if not region.any() or not around.any():
        return float("nan")
    return float(hu[place.box][region].mean() - hu[place.box][around].mean())


def _region(place: _Place, smooth: list[Floats], shown: Mapping[Phase, _Shown]) -> Region:
    made, truth = (_contrast(place, hu) for hu in smooth)
    given = {p: (_contrast(place, one.hu, one.scanned), one.noise_hu) for p, one in shown.items()}
    return Region(num_voxels=int(place.region.sum()), made_hu=made, true_hu=truth, given=given)


def _show(case: PreparedCase, phase: Phase, hu: Floats, inside: Bools) -> _Shown:
    """A given phase as correlates are looked for in it; noise is known where it is simulated, else all is noise."""
    steps = np.asarray(case.geometry["spacing_xyz_mm"][::-1], float)
    scanned = np.asarray(hu) > UNSCANNED_HU
    smooth, here = _smoothed(hu, scanned, steps), inside & scanned
    noise = smooth
    if phase in case.clean_hu:
        apart = np.asarray(case.hu[phase], np.float32) - case.clean_hu[phase]
        noise, here = _smoothed(apart, scanned, steps), here & (case.hu[phase] > UNSCANNED_HU)
    return _Shown(smooth, scanned, max(float(noise[here].std()), LEAST_NOISE_HU) if here.any() else np.inf)


def _smoothed(hu: Floats, known: Bools, steps_mm: Floats) -> Floats:
    """Means over 6 mm of known voxels."""
    sigma = _SMOOTHING_MM / 2.3548 / steps_mm
    values = np.asarray(hu, np.float32)
    if known.all():
        return np.asarray(ndimage.gaussian_filter(values, sigma))
    weight = known.astype(np.float32)
    total = np.maximum(ndimage.gaussian_filter(weight, sigma), 1e-3)
    return np.asarray(ndimage.gaussian_filter(np.where(known, values, 0), sigma) / total, np.float32)


def plain_liver(case: PreparedCase) -> Bools:
    """The inner liver without lesions and vessels, and without what lies next to them."""
    organs = organs_of_labels(case.masks["organs"]) if "organs" in case.masks else {}
    taken = case.masks["lesions"] > 0
    for name in VESSELS:
        taken = taken | (organs[name] > 0) if name in organs else taken
    return np.asarray(ndimage.binary_erosion(case.masks["liver"] > 0) & ~ndimage.binary_dilation(taken))
