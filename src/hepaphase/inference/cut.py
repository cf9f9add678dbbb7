"""Each phase cut to what a reading looks at, as soon as its liver is seen: memory must not grow with the scan."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..organs.segment import CoarseOrgans, liver_bounds_lps_mm, liver_ml, without_empty_slices
from ..prepare.crop import bounds_lps_mm, reach_lps_mm
from ..prepare.rigid import overview
from ..report.again import volume_hash
from ..resample.crop import Box, box_of
from ..study.cut import Cut
from ..study.geometry import Floats, Geometry
from ..study.study import HuArray, PhaseVolume
from .liver import SMALLEST_LIVER_ML

Masks = Mapping[str, tuple[npt.NDArray[Any], Geometry]]

MARGIN_MM = 32.0
"""Kept on each side of all that the networks may look at around the liver. The registration looks 24 mm around it and
the outlines 15; this leaves room beside the larger grid of the networks for a liver that lies elsewhere, or is seen a
little larger, in another phase, and for the smoothing before voxels are made larger (our choice)."""

_AIR_HU = -800.0
"""A plane without anything above this crosses no patient and no table, whatever its noise (our choice)."""
_AIR_MM = 20.0
"""Air that is kept beside what is none: the box around the liver that is shown reaches 16 mm beyond it, and what is
smoothed before voxels are made larger looks a little further. The registration needs none (``prepare.working``)."""


def cut_out(volume: PhaseVolume, coarse: CoarseOrgans, masks: Masks | None = None) -> PhaseVolume:
    """The part of ``volume`` around its liver, which knows the grid and the hash of the whole.

    A scan on which no liver is seen is left whole.

    Args:
        volume: one phase.
        coarse: what the organ model says of it.
        masks: the user's own; their ``liver`` is kept too, wherever it lies.
    """
    bounds = _bounds(coarse, masks or {})
    if bounds is None:
        return volume
    box = _without_air(volume, box_to_keep(bounds, volume.geometry))
    kept = without_empty_slices(coarse)
    cut = Cut(
        whole=volume.geometry,
        start_zyx=box.start_zyx,
        digest=volume_hash(volume.hu, volume.geometry),
        overview=overview(volume),
        organs=(kept.probabilities, kept.geometry),
    )
    return replace(
        volume,
        hu=_part(volume.hu, box),
        geometry=box.geometry(volume.geometry),
        sd_hu=None if volume.sd_hu is None else _part(volume.sd_hu, box),
        cut=cut,
    )


def box_to_keep(bounds: Floats, geometry: Geometry) -> Box:
    """What is kept of a scan whose liver lies between the two corners ``bounds``, (2, 3) LPS."""
    low, high = reach_lps_mm(*_seen_through(bounds, geometry))
    return box_of(_corners(low - MARGIN_MM, high + MARGIN_MM), geometry)


def _without_air(volume: PhaseVolume, box: Box) -> Box:
    """The box without the planes at its ends that hold nothing but air: whatever looks there is told air anyway."""
    part = volume.hu[box.slices]
    start, stop = list(box.start_zyx), list(box.stop_zyx)
    for axis, spacing_mm in enumerate(volume.geometry.spacing_zyx_mm):
        highest = part.max(axis=tuple(a for a in range(3) if a != axis))
        there = np.flatnonzero(highest > _AIR_HU)
        if len(there):
            margin = int(np.ceil(_AIR_MM / spacing_mm))
            last, first = start[axis] + int(there[-1]) + 1 + margin, start[axis] + int(there[0]) - margin
            start[axis], stop[axis] = max(start[axis], first), min(stop[axis], last)
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def _bounds(coarse: CoarseOrgans, masks: Masks) -> Floats | None:
    """(2, 3) corners, LPS, of the liver that the model sees and the user's own; None where neither is one."""
    found = [] if liver_ml(coarse) < SMALLEST_LIVER_ML else [liver_bounds_lps_mm(coarse)]
    if "liver" in masks and masks["liver"][0].any():
        found.append(np.stack(bounds_lps_mm(*masks["liver"])))
    there = [bounds for bounds in found if bounds is not None]
    if not there:
        return None
    return np.stack([np.min([b[0] for b in there], axis=0), np.max([b[1] for b in there], axis=0)])


def _seen_through(bounds: Floats, geometry: Geometry) -> tuple[Floats, Floats]:
    """Corners, LPS, of the box of the scan's own voxels around ``bounds``: larger where its axes are oblique."""
    corners = geometry.to_index_zyx(_corners(bounds[0], bounds[1]))
    turned = geometry.to_lps_mm(_corners(corners.min(axis=0), corners.max(axis=0)))
    return turned.min(axis=0), turned.max(axis=0)


def _corners(low: Floats, high: Floats) -> Floats:
    """(8, 3) corners of the box between two."""
    return np.array(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), float).reshape(3, -1).T


def _part(array: HuArray, box: Box) -> HuArray:
    """A copy, so that the whole can be let go."""
    return array if box.shape_zyx == array.shape else array[box.slices].copy()
