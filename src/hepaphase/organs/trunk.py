"""Where in a low-resolution volume the body is, and the part of it that can hold the liver."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..resample.crop import Box, box_around
from ..study.geometry import Geometry
from ..study.study import HuArray

Bools = npt.NDArray[np.bool_]

_SKIN_HU = -300.0
_LUNG_HU = -500.0
_LEAST_LUNG_ML = 300.0
"""Smaller dark pieces inside the body are gas in the bowel, or too little lung to go by."""
_LIVER_BELOW_LUNG_MM = 250.0
"""Nothing of a liver lies further than this below the lowest lung; even Riedel's lobe ends above (our choice)."""
_CHEST_MM = 150.0
"""As much is kept above the lowest lung."""
_MARGIN_MM = 12.0


def find_body(low: HuArray) -> Bools:
    """The patient in low-resolution HU (z, y, x), lungs and bowel gas included, without the table."""
    return fill_slices(largest_pieces(ndimage.binary_opening(low > _SKIN_HU), num=1))


def trunk_box(low: HuArray, body: Bools, grid: Geometry) -> Box:
    """The box around the body, cut above and below by where the lungs end if those are in view.

    ``grid`` must run along LPS, so that slices go from feet to head. A network that was trained on the trunk has no
    business in the pelvis, where a bladder or a mass looks like liver enough.
    """
    if not body.any():
        return Box((0, 0, 0), grid.shape_zyx)
    box = box_around(body, grid, margin_mm=_MARGIN_MM)
    lowest = _lowest_lung(low, body, grid)
    if lowest is None:
        return box
    step_mm = grid.spacing_zyx_mm[0]
    start = max(box.start_zyx[0], lowest - int(_LIVER_BELOW_LUNG_MM / step_mm))
    stop = min(box.stop_zyx[0], lowest + int(_CHEST_MM / step_mm) + 1)
    return Box((start, *box.start_zyx[1:]), (stop, *box.stop_zyx[1:]))


def largest_pieces(mask: Bools, *, num: int) -> Bools:
    """The ``num`` largest connected pieces."""
    pieces, found = ndimage.label(mask)
    if found <= num:
        return mask
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    keep = np.zeros(len(sizes), bool)
    keep[np.argsort(sizes)[-num:]] = True
    return np.asarray(keep[pieces])


def fill_slices(mask: Bools) -> Bools:
    """Holes filled slice by slice: lungs and bowel gas may be open towards the end of the field of view."""
    return np.stack([ndimage.binary_fill_holes(part) for part in mask])


def _lowest_lung(low: HuArray, body: Bools, grid: Geometry) -> int | None:
    pieces, num = ndimage.label(body & (low < _LUNG_HU))
    if num == 0:
        return None
    volume_ml = np.bincount(pieces.ravel())[1:] * grid.voxel_ml
    slices = [
        part[0].start for part, ml in zip(ndimage.find_objects(pieces), volume_ml, strict=True) if ml > _LEAST_LUNG_ML
    ]
    return min(slices, default=None)
