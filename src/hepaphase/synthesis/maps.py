"""From raw network outputs to bounded parameters of a curve per voxel. B batch, N voxels, P phases."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..nn.kinetic_layer import TissueMaps
from ..study.lesions import LIVER_NORMAL

PHASE_TIMES_S = (0.0, 37.0, 70.0, 180.0)
"""Where the standard deviation is given, NC to DP; between them its logarithm runs straight."""
NUM_PHASES = len(PHASE_TIMES_S)

RESIDUAL_BOUND_HU = 10.0
FLOW_RANGE = (1.0, 6000.0)
"""mL/min per 100 mL. Tissues reach 300 (kinetics.md D, M8); blood is renewed within seconds and needs more."""
PORTAL_FLOW_RANGE = (0.05, 6000.0)
BLOOD_RANGE = (0.01, 0.95)
INTERSTITIUM_RANGE = (0.03, 0.6)
LARGEST_VOLUME = 1.099
"""Of blood and interstitium together; ``study.lesions.Tissue`` allows 1.1."""
PERMEABILITY_RANGE = (0.5, 600.0)
SD_RANGE_HU = (0.5, 150.0)
DENOISE_HU = 10.0
"""Scale of the correction of the unenhanced level (it is not bounded)."""

_SIZES = {"anchor": NUM_PHASES, "offset": 1, "share": 1, "tissue": 5, "log_sd": NUM_PHASES, "residual": NUM_PHASES - 1}
NUM_MAPS = sum(_SIZES.values())


@dataclass(frozen=True, slots=True)
class CurveMaps:
    """A curve per voxel, but for the circulation that all voxels share."""

    tissue: TissueMaps
    share: Tensor
    """Part of the voxel that takes up contrast, 0 to 1; the rest is calcified, necrotic, fat, gas. (B, N)."""
    anchor: Tensor
    """How much each scanned phase says about the unenhanced level, (B, N, P); sums to one, zero where absent."""
    offset_hu: Tensor
    """What is added to that level, chiefly to remove noise, (B, N)."""
    log_sd: Tensor
    """Of HU, at ``PHASE_TIMES_S``, (B, N, P)."""
    residual_hu: Tensor
    """For AP, PVP, DP, (B, N, P - 1), within ``RESIDUAL_BOUND_HU``."""


def bounded_maps(raw: Tensor, present: Tensor) -> CurveMaps:
    """Read raw outputs, (B, N, NUM_MAPS), as parameters within the bounds above.

    Zeros give normal liver, wholly perfused, with no residual and an equal say of all phases that are there.

    Args:
        raw: unbounded numbers.
        present: which phases were scanned, bool (B, P), at least one each.
    """
    parts = dict(zip(_SIZES, torch.split(raw, list(_SIZES.values()), dim=-1), strict=True))
    flow_a, flow_p, blood, interstitium, permeability = parts["tissue"].unbind(-1)
    blood = _between(blood, BLOOD_RANGE, start=LIVER_NORMAL.blood_fraction)
    room = ((LARGEST_VOLUME - blood).clamp(max=INTERSTITIUM_RANGE[1]) - INTERSTITIUM_RANGE[0]) / (
        INTERSTITIUM_RANGE[1] - INTERSTITIUM_RANGE[0]
    )
    interstitium = _between(interstitium, INTERSTITIUM_RANGE, start=LIVER_NORMAL.interstitium_fraction)
    tissue = TissueMaps(
        arterial_flow=_log_between(flow_a, FLOW_RANGE, start=LIVER_NORMAL.arterial_flow),
        portal_flow=_log_between(flow_p, PORTAL_FLOW_RANGE, start=LIVER_NORMAL.portal_flow),
        blood_fraction=blood,
        interstitium_fraction=INTERSTITIUM_RANGE[0] + room * (interstitium - INTERSTITIUM_RANGE[0]),
        permeability=_log_between(permeability, PERMEABILITY_RANGE, start=LIVER_NORMAL.permeability),
    )
    absent = ~present[:, None, :].expand_as(parts["anchor"])
    return CurveMaps(
        tissue=tissue,
        share=torch.sigmoid(parts["share"][..., 0] + 3.0),
        anchor=parts["anchor"].masked_fill(absent, -math.inf).softmax(dim=-1),
        offset_hu=parts["offset"][..., 0] * DENOISE_HU,
        log_sd=_between(parts["log_sd"], (math.log(SD_RANGE_HU[0]), math.log(SD_RANGE_HU[1])), start=math.log(8.0)),
        residual_hu=RESIDUAL_BOUND_HU * torch.tanh(parts["residual"]),
    )


def log_sd_at(log_sd: Tensor, time_s: Tensor) -> Tensor:
    """Logarithm of the standard deviation, (B, N, T), at times (B, T); constant after the last of ``PHASE_TIMES_S``."""
    knots = torch.tensor(PHASE_TIMES_S, dtype=time_s.dtype, device=time_s.device)
    distance = (time_s[..., None] - knots[:-1]) / (knots[1:] - knots[:-1])
    rise = distance.clamp(0, 1)  # how far each interval has been passed, (B, T, P - 1)
    steps = log_sd[..., 1:] - log_sd[..., :-1]
    return log_sd[..., :1] + torch.einsum("btk,bnk->bnt", rise.to(log_sd.dtype), steps)


def window_at(trained_s: Tensor, time_s: Tensor, *, taper_s: float = 4.0) -> Tensor:
    """How much of each residual counts at each time, (B, T, P - 1): 1 where trained, exactly 0 outside.

    Args:
        trained_s: earliest and latest time trained of AP, PVP, DP, in whole seconds,
            (P - 1, 2); earliest after latest for never.
        time_s: shape (B, T).
        taper_s: over which a window opens and closes, inside its range, so that curves do not jump.
    """
    inside = torch.minimum(time_s[..., None] - trained_s[:, 0], trained_s[:, 1] - time_s[..., None])
    weight = (inside / taper_s).clamp(0, 1)
    return weight / weight.sum(dim=-1, keepdim=True).clamp(min=1)


def _between(raw: Tensor, limits: tuple[float, float], *, start: float) -> Tensor:
    low, high = limits
    fraction = (start - low) / (high - low)
    return low + (high - low) * torch.sigmoid(raw + math.log(fraction / (1 - fraction)))


def _log_between(raw: Tensor, limits: tuple[float, float], *, start: float) -> Tensor:
    return _between(raw, (math.log(limits[0]), math.log(limits[1])), start=math.log(start)).exp()
