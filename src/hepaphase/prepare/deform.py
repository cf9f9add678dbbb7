"""The bend that lines two phases up: local correlation, which does not mind that contrast changed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

Volume = npt.NDArray[np.float32]

_KNOT_MM2 = 30.0
"""Scale of the roughness, so that its weight is near one (our choice)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BendConfig:
    """How far and how smoothly one phase may bend (our choices).

    Tried on five simulated patients of the validation range: mean target error 13.0 mm before, 4.9 mm after the rigid
    part, 1.9 mm after the bend.
    """

    knot_mm: float = 18.0
    """Distance between control points."""
    window_voxels: int = 5
    """Side of the cube in which brightness is correlated."""
    noise_hu: float = 4.0
    """Added to the standard deviations, so that what is fainter hardly counts."""
    bending: float = 0.6
    """Weight of the roughness of the bend."""
    steps: tuple[int, int] = (40, 15)
    """Iterations at half and at full resolution."""
    rate_mm: float = 1.2
    """How far a control point may move per step."""


def bend(
    fixed: Volume, moving: Volume, weight: Volume, *, spacing_mm: float, config: BendConfig | None = None
) -> npt.NDArray[np.float32]:
    """Displacements (3, z, y, x), along z, y, x in voxels, by which ``moving`` looked up at p + u(p) fits ``fixed``.

    The squared local correlation (Avants et al. 2008, Symmetric diffeomorphic image registration with
    cross-correlation) is one for any local brightness and contrast, so enhancement between phases costs nothing. It is
    maximized with Adam over control points that a trilinear net joins; roughness is the second difference of the
    control points.

    Args:
        fixed: (z, y, x) HU.
        moving: the same grid, lined up rigidly.
        weight: (z, y, x), how much each voxel counts: 1 in and near the liver, 0 elsewhere.
        spacing_mm: of the cubic voxels.
        config: how; the default when None.
    """
    config = config or BendConfig()
    shape = fixed.shape
    a, b, w = (torch.from_numpy(np.ascontiguousarray(v, dtype=np.float32))[None, None] for v in (fixed, moving, weight))
    knots = torch.zeros((1, 3, *(int(n * spacing_mm / config.knot_mm) + 2 for n in shape)), requires_grad=True)
    optimizer = torch.optim.Adam([knots], lr=config.rate_mm / spacing_mm)
    for factor, num_steps in zip((2, 1), config.steps, strict=True):
        low_a, low_b, low_w = (functional.avg_pool3d(v, factor) if factor > 1 else v for v in (a, b, w))
        statistics = _local(low_a, config.window_voxels)
        for _ in range(num_steps):
            optimizer.zero_grad()
            field = _spread(knots, low_a.shape[2:]) / factor
            seen = _look_up(low_b, field)
            likeness = _correlation(low_a, seen, statistics, config)
            loss = -(likeness * low_w).sum() / low_w.sum().clamp_min(1) + config.bending * _roughness(knots, spacing_mm)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    with torch.no_grad():
        return np.asarray(_spread(knots, shape)[0].numpy(), np.float32)


def likeness(fixed: Volume, moving: Volume, weight: Volume, config: BendConfig | None = None) -> float:
    """Mean squared local correlation of two volumes, in [0, 1], weighted."""
    config = config or BendConfig()
    a, b, w = (torch.from_numpy(np.ascontiguousarray(v, dtype=np.float32))[None, None] for v in (fixed, moving, weight))
    with torch.no_grad():
        value = _correlation(a, b, _local(a, config.window_voxels), config)
        return float((value * w).sum() / w.sum().clamp_min(1e-6))


def _spread(knots: torch.Tensor, shape: Any) -> torch.Tensor:
    """Control points to every voxel."""
    return functional.interpolate(knots, size=tuple(shape), mode="trilinear", align_corners=True)


def _look_up(volume: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
    """``volume`` at each voxel's place plus ``field`` (1, 3 zyx, ...) voxels."""
    sizes = volume.shape[2:]
    axes = [torch.arange(n, dtype=torch.float32) for n in sizes]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"))[None] + field
    scale = torch.tensor([2.0 / max(n - 1, 1) for n in sizes]).view(1, 3, 1, 1, 1)
    places = (grid * scale - 1).flip(1).permute(0, 2, 3, 4, 1)
    return functional.grid_sample(volume, places, align_corners=True, padding_mode="border")


def _mean(volume: torch.Tensor, window: int) -> torch.Tensor:
    """Over a cube about each voxel, one axis after the other."""
    for axis in range(3):
        size, pad = [1, 1, 1], [0, 0, 0]
        size[axis], pad[axis] = window, window // 2
        volume = functional.avg_pool3d(volume, size, stride=1, padding=pad, count_include_pad=False)
    return volume


def _local(volume: torch.Tensor, window: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and variance around each voxel."""
    mean = _mean(volume, window)
    return mean, (_mean(volume * volume, window) - mean * mean).clamp_min(0)


def _correlation(
    fixed: torch.Tensor, seen: torch.Tensor, statistics: tuple[torch.Tensor, torch.Tensor], config: BendConfig
) -> torch.Tensor:
    mean, variance = statistics
    moments = _mean(torch.cat([seen, seen * seen, fixed * seen], dim=1), config.window_voxels)
    seen_mean, square, product = moments[:, :1], moments[:, 1:2], moments[:, 2:]
    seen_variance = (square - seen_mean * seen_mean).clamp_min(0)
    cross = product - mean * seen_mean
    floor = config.noise_hu**2
    value: torch.Tensor = cross * cross / ((variance + floor) * (seen_variance + floor))
    return value


def _roughness(knots: torch.Tensor, spacing_mm: float) -> torch.Tensor:
    """Mean squared second difference of the control points, mm^2 per knot."""
    total = torch.zeros(())
    for axis in (2, 3, 4):
        if knots.shape[axis] > 2:
            total = total + (knots.diff(n=2, dim=axis) * spacing_mm).square().mean()
    return total / _KNOT_MM2
