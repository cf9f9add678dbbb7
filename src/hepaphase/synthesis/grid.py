"""From any study to the grid that networks were trained on, and back."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..resample.grid import resample
from ..study.geometry import Geometry
from ..study.phase import Phase
from ..study.study import AlignedStudy, HuArray
from .apply import apply_generated, upsample_sd
from .arterial import shining
from .facts import fact_numbers
from .known_organs import KNOWN, blood_levels, organ_shares
from .levels import level_numbers, liver_places
from .network import Scanned
from .organ_gains import region_shares
from .plain import off_liver, plain_rim, plainness
from .protocol import Generated
from .reach import continued, missing_slices, scanned_part, unscanned_slices
from .streaks import without_streaks

SPACING_MM = 4.0
"""The grid of training, along each axis."""
_TOLERANCE = 0.1
"""Relative; a grid within this of the grid of training is taken as it is."""

_NUM_PLACES = 256
"""Voxels that stand for the liver."""

Predict = Callable[[AlignedStudy, float], tuple[HuArray, HuArray, HuArray]]
"""From a study on the grid of training and a time to HU, standard deviation and residual on that grid."""


def on_training_grid(study: AlignedStudy, time_s: float, predict: Predict) -> Generated:
    """What ``predict`` says of ``study``, on the study's own grid.

    A study on a grid of 4 mm along the axes of the patient is shown as it is, whatever its shape. Any other is brought
    to such a grid, and the difference to its nearest scanned phase is put back on its own (``synthesis.apply``).
    """
    if fits(study.geometry):
        hu, sd_hu, residual_hu = predict(study, time_s)
        return Generated(hu=hu, sd_hu=sd_hu, residual_hu=residual_hu, time_s=time_s)
    coarse = _coarse(study)
    hu, sd_hu, residual_hu = predict(coarse, time_s)
    reference = min(study.inputs, key=lambda p: abs(study.time_s[p] - time_s))
    grids = (coarse.geometry, study.geometry)
    return Generated(
        hu=apply_generated(study.hu[reference], study.geometry, coarse.hu[reference], hu, coarse.geometry),
        sd_hu=upsample_sd(sd_hu, *grids),
        residual_hu=resample(residual_hu, *grids, fill=0.0),
        time_s=time_s,
    )


def scanned_of(study: AlignedStudy, device: torch.device) -> Scanned:
    """The scanned phases of a study as a batch of one: in the liver without streaks, beyond the scan continued."""
    empty = np.zeros(study.geometry.shape_zyx, dtype=np.float32)
    shown = {p: study.hu[p] for p in study.inputs}
    liver = scanned_part(shown, study.masks.get("liver"))
    inputs, gone = {p: without_streaks(one, liver) for p, one in shown.items()}, unscanned_slices(shown)
    missing = missing_slices(shown)
    hu = np.stack([continued(inputs[p], gone | missing[p]) if p in inputs else empty for p in Phase])
    times = [float(study.time_s[p]) if p in study.inputs and p is not Phase.NC else 0.0 for p in Phase]
    seen = off_liver(inputs, liver)
    levels, plain, rim = level_numbers(inputs, liver), plainness(inputs, liver), plain_rim(inputs, liver)
    organs, blood = organ_shares(inputs, study.masks), blood_levels(inputs, study.masks)
    regions, arterial = region_shares(inputs, study.masks), shining(inputs, liver)
    return Scanned(
        hu=torch.from_numpy(hu)[None].to(device),
        present=torch.tensor([[p in study.inputs for p in Phase]], device=device),
        time_s=torch.tensor([times], device=device),
        facts=torch.from_numpy(fact_numbers(study.clinical))[None].to(device),
        levels=torch.from_numpy(levels.reshape(1, -1)).to(device),
        liver=torch.from_numpy(liver_places(liver, _NUM_PLACES))[None].to(device),
        plain=None if plain is None else torch.from_numpy(plain)[None].to(device),
        rim=None if rim is None else torch.from_numpy(rim)[None].to(device),
        seen=None if seen is None else torch.from_numpy(seen)[None].to(device),
        organs=None if organs is None else torch.from_numpy(organs)[None].to(device),
        regions=None if regions is None else torch.from_numpy(regions)[None].to(device),
        arterial=None if arterial is None else torch.from_numpy(arterial)[None].to(device),
        blood_hu=torch.from_numpy(blood)[None].to(device) if np.isfinite(blood).any() else None,
    )


def padded(scanned: Scanned, multiple: int) -> Scanned:
    """Repeat the last slices until every size is a multiple of what the network takes."""
    missing = [-size % multiple for size in scanned.hu.shape[:1:-1]]
    pads = [amount for size in missing for amount in (0, size)]
    hu = functional.pad(scanned.hu, pads, mode="replicate")
    scanned = scanned._replace(
        plain=None if scanned.plain is None else functional.pad(scanned.plain, pads),
        rim=None if scanned.rim is None else functional.pad(scanned.rim, pads),
        seen=None if scanned.seen is None else functional.pad(scanned.seen, pads, value=float("inf")),
        organs=None if scanned.organs is None else functional.pad(scanned.organs, pads),
        regions=None if scanned.regions is None else functional.pad(scanned.regions, pads),
        arterial=None if scanned.arterial is None else functional.pad(scanned.arterial, pads),
    )
    if scanned.liver is None:
        return scanned._replace(hu=hu)
    moved = torch.zeros_like(scanned.liver)
    for place, size in zip(
        torch.unravel_index(scanned.liver.clamp(min=0), scanned.hu.shape[2:]), hu.shape[2:], strict=True
    ):
        moved = moved * size + place
    return scanned._replace(hu=hu, liver=torch.where(scanned.liver < 0, scanned.liver, moved))


def as_volume(part: Tensor, shape_zyx: tuple[int, int, int]) -> HuArray:
    """A predicted volume (z, y, x), cut to what it was before padding."""
    z, y, x = shape_zyx
    return np.ascontiguousarray(part[:z, :y, :x].cpu().numpy(), dtype=np.float32)


def fits(geometry: Geometry) -> bool:
    """Whether the network can take this grid as it is: patients lay all the same way in training."""
    upright = np.allclose(geometry.direction, np.eye(3), atol=_TOLERANCE)
    return upright and all(abs(step / SPACING_MM - 1) <= _TOLERANCE for step in geometry.spacing_xyz_mm)


def _coarse(study: AlignedStudy) -> AlignedStudy:
    """The study on a grid of 4 mm along the axes of the patient, around the same box."""
    fine = study.geometry
    corners = fine.corners_lps_mm()
    extent = corners.max(axis=0) - corners.min(axis=0)
    x, y, z = (int(n) for n in np.ceil(np.round(extent / SPACING_MM, 3)) + 1)
    middle = (corners.max(axis=0) + corners.min(axis=0)) / 2
    ox, oy, oz = (float(v) for v in middle - SPACING_MM * (np.array([x, y, z]) - 1) / 2)
    grid = Geometry((z, y, x), (SPACING_MM,) * 3, (ox, oy, oz))
    hu = {p: resample(study.hu[p], fine, grid) for p in study.inputs}
    return replace(
        study,
        geometry=grid,
        hu=hu,
        provenance={p: study.provenance[p] for p in hu},
        time_s={p: study.time_s[p] for p in hu},
        masks={n: resample(m, fine, grid, order=0, fill=0) for n, m in study.masks.items() if n in ("liver", *KNOWN)},
        sd_hu={},
    )
