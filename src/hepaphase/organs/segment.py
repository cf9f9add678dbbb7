"""Organ masks of one volume, any phase, any grid: predicted at 6 mm, written on the grid of the source."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from ..base.names import check_name
from ..bundle.bundle import Bundle
from ..resample.crop import Box, box_around, box_of, paste
from ..resample.grid import AIR_HU, resample
from ..study.geometry import Floats, Geometry
from ..study.study import HuArray, MaskArray, PhaseVolume
from .heart import heart_in
from .network import OrganNetwork, network_config
from .refine import Rivals, refine
from .table import CLASSES
from .trunk import Bools, fill_slices, find_body, largest_pieces, trunk_box

KIND = "organs"
RULES = 2
"""Counts up when the same weights draw other masks than before, as since heart is taken out of livers: prepared cases
are then made anew."""

LEAST_SHAPE = (48, 64, 64)
"""Smaller inputs are padded with air to this: the size of the views in training, which the norm layers expect."""

_PAIRED = ("kidneys", "lungs")
_WITH_EDGES = ("liver", "spleen", "kidneys")
"""Solid organs, whose outline follows the picture; the others are what the network says."""
_MASK_MARGIN_MM = 12.0

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CoarseOrgans:
    """What the network says of one volume, on its own grid along LPS."""

    probabilities: Probabilities
    """(classes, z, y, x), classes in the order of ``CLASSES``; they sum to one."""
    geometry: Geometry

    def of(self, name: str) -> Probabilities:
        """Probability of one class, (z, y, x).

        Raises:
            UnknownNameError: for a class the network does not know.
        """
        return np.asarray(self.probabilities[CLASSES.index(check_name(name, CLASSES, kind="organ"))])


def segment_organs(
    volume: PhaseVolume, bundle: Bundle, *, names: Sequence[str] = ("liver", "body"), device: str = "cpu"
) -> dict[str, MaskArray]:
    """Masks (uint8, z y x) of the organs in ``names`` on the grid of ``volume``.

    ``body`` is everything inside the skin. Each mask is one connected piece without holes (kidneys and lungs: two).
    A mask is empty where the organ is not in the field of view.

    Raises:
        BundleError: when the bundle is not one for organs, or for other organs.
        UnknownNameError: for an organ the network does not know.
    """
    coarse = coarse_organs(volume, bundle, device=device)
    return {name: organ_mask(coarse, name, volume) for name in names}


def coarse_organs(volume: PhaseVolume, bundle: Bundle, *, device: str = "cpu") -> CoarseOrgans:
    """Probabilities of all organs at the resolution of the network; of a cut volume what was seen in the whole.

    Raises:
        BundleError: when the bundle is not one for organs, or for other organs.
    """
    bundle.check_classes(CLASSES)
    if volume.cut is not None and volume.cut.organs is not None:
        return CoarseOrgans(*volume.cut.organs)
    network = OrganNetwork(network_config(dict(bundle.config)))
    bundle.load_into(network)
    return predict_organs(volume.hu, volume.geometry, network.to(device).eval())


def predict_organs(hu: HuArray, geometry: Geometry, network: OrganNetwork) -> CoarseOrgans:
    """Run ``network`` on the trunk in a volume of HU (z, y, x); beyond it there is body and background only."""
    grid = coarse_grid(geometry, network.config.spacing_mm)
    low = resample(hu, geometry, grid, order=1, fill=AIR_HU)
    body = find_body(low)
    whole = np.zeros((len(CLASSES), *grid.shape_zyx), np.float32)
    whole[CLASSES.index("background")] = ~body
    whole[CLASSES.index("body")] = body
    box = trunk_box(low, body, grid)
    whole[(slice(None), *box.slices)] = _run(network, low[box.slices])
    return CoarseOrgans(whole, grid)


def _run(network: OrganNetwork, low: HuArray) -> Probabilities:
    """Probabilities (classes, z, y, x) of HU (z, y, x), padded with air to what the network takes."""
    multiple = network.config.multiple
    sizes = [max(least, -(-n // multiple) * multiple) for n, least in zip(low.shape, LEAST_SHAPE, strict=True)]
    pads = [((size - n) // 2, size - n - (size - n) // 2) for size, n in zip(sizes, low.shape, strict=True)]
    padded = torch.from_numpy(np.pad(low, pads, constant_values=AIR_HU))
    device = next(network.parameters()).device
    with torch.inference_mode():
        scores = network(padded[None].to(device))[0].float().softmax(dim=0).cpu().numpy()
    inner = tuple(slice(before, before + n) for (before, _), n in zip(pads, low.shape, strict=True))
    return np.asarray(scores[(slice(None), *inner)])


def coarse_grid(geometry: Geometry, spacing_mm: float) -> Geometry:
    """The smallest grid along LPS of ``spacing_mm`` cubes that covers ``geometry``, on the same middle."""
    half = np.abs(np.asarray(geometry.direction)) @ np.asarray(geometry.spacing_xyz_mm) / 2
    corners = geometry.corners_lps_mm()
    low, high = corners.min(axis=0) - half, corners.max(axis=0) + half
    shape = np.maximum(1, np.ceil((high - low) / spacing_mm - 1e-6)).astype(int)
    origin = (low + high) / 2 - spacing_mm * (shape - 1) / 2
    return Geometry(
        shape_zyx=(int(shape[2]), int(shape[1]), int(shape[0])),
        spacing_xyz_mm=(spacing_mm, spacing_mm, spacing_mm),
        origin_lps_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
    )


def organ_mask(coarse: CoarseOrgans, name: str, volume: PhaseVolume) -> MaskArray:
    """One organ on the grid of ``volume``: probabilities interpolated, then cut at one half."""
    return _cut(coarse, name, volume.geometry, volume.hu if name in _WITH_EDGES else None)[0]


def body_mask(coarse: CoarseOrgans, geometry: Geometry) -> MaskArray:
    """Everything inside the skin on any grid, (z, y, x)."""
    return _cut(coarse, "body", geometry, None)[0]


def liver_bounds_lps_mm(coarse: CoarseOrgans) -> Floats | None:
    """(2, 3) lowest and highest corner of the liver that the network sees; None where it sees none."""
    inside = _main_pieces(coarse.of("liver"), num=1) > 0.5
    if not inside.any():
        return None
    corners = box_around(inside, coarse.geometry, margin_mm=coarse.geometry.spacing_xyz_mm[0]).geometry(coarse.geometry)
    points = corners.corners_lps_mm()
    return np.stack([points.min(axis=0), points.max(axis=0)])


def liver_ml(coarse: CoarseOrgans) -> float:
    """Volume of the liver that the network sees, at its resolution."""
    return float(np.count_nonzero(_main_pieces(coarse.of("liver"), num=1) > 0.5)) * coarse.geometry.voxel_ml


def without_empty_slices(coarse: CoarseOrgans) -> CoarseOrgans:
    """Without the slices beyond the trunk, in which no organ has any probability, but one above and one below."""
    named = np.flatnonzero(coarse.probabilities[2:].any(axis=(0, 2, 3)))
    if not len(named):
        return coarse
    num, height, width = coarse.geometry.shape_zyx
    start, stop = max(0, int(named[0]) - 1), min(num, int(named[-1]) + 2)
    kept = coarse.probabilities[:, start:stop].copy()
    return CoarseOrgans(kept, coarse.geometry.crop((start, 0, 0), (stop, height, width)))


def liver_and_heart(coarse: CoarseOrgans, volume: PhaseVolume) -> tuple[MaskArray, MaskArray]:
    """The liver on the grid of ``volume``, and what was taken out of it because it is heart."""
    return _cut(coarse, "liver", volume.geometry, volume.hu)


def _cut(coarse: CoarseOrgans, name: str, whole: Geometry, hu: HuArray | None) -> tuple[MaskArray, MaskArray]:
    """One organ on ``whole``, and what was taken out of it for heart; ``hu`` there, for those with edges."""
    shape_zyx = whole.shape_zyx
    nothing = np.zeros(shape_zyx, np.uint8)
    likely = 1 - coarse.of("background") if name == "body" else coarse.of(name)
    num_pieces = 2 if name in _PAIRED else 1
    likely = _main_pieces(likely, num=num_pieces)
    if not (likely > 0.5).any():
        return nothing, nothing
    box = _fine_box(likely > 0.5, coarse.geometry, whole)
    grid = box.geometry(whole)
    fine = resample(likely, coarse.geometry, grid, order=1, fill=0.0)
    if hu is not None:
        rivals = _rivals(coarse, name, grid)
        mask = refine(fine, hu[box.slices], whole.spacing_zyx_mm, rivals=rivals)
    else:
        mask = np.asarray(fine > 0.5)
    mask = largest_pieces(mask, num=num_pieces)
    heart = np.zeros_like(mask)
    if name == "liver" and hu is not None:
        beside = resample(coarse.of("heart"), coarse.geometry, grid, order=1, fill=0.0)
        heart = heart_in(mask, fine, beside, hu[box.slices], whole.spacing_zyx_mm)
        mask = largest_pieces(mask & ~heart, num=1) if heart.any() else mask
    filled = ndimage.binary_fill_holes(mask) if name != "body" else fill_slices(mask)
    taken = paste(heart.astype(np.uint8), box, shape_zyx=shape_zyx) if heart.any() else nothing
    return paste(filled.astype(np.uint8), box, shape_zyx=shape_zyx), taken


def _rivals(coarse: CoarseOrgans, name: str, grid: Geometry) -> Rivals:
    """The likeliest organ other than ``name`` in each voxel of ``grid``."""
    others = coarse.probabilities.copy()
    others[[CLASSES.index(n) for n in ("background", "body", name)]] = 0
    which = resample(others.argmax(axis=0).astype(np.uint8), coarse.geometry, grid, order=0)
    return Rivals(resample(others.max(axis=0), coarse.geometry, grid, order=1, fill=0.0), which)


def _main_pieces(likely: Probabilities, *, num: int) -> Probabilities:
    """The largest pieces and their soft edges; the others are taken away."""
    inside = likely > 0.5
    dropped = inside & ~largest_pieces(inside, num=num)
    return np.where(ndimage.binary_dilation(dropped), np.float32(0), likely)


def _fine_box(mask: Bools, coarse: Geometry, fine: Geometry) -> Box:
    """The part of ``fine`` that can hold ``mask``, clamped to it."""
    low = box_around(mask, coarse, margin_mm=_MASK_MARGIN_MM).geometry(coarse)
    return box_of(low.corners_lps_mm(), fine)
