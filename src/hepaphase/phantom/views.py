"""Views of label maps for training: deformed, painted, scanned in part."""

from dataclasses import dataclass

import numpy as np

from .appearance import AIR_HU, draw_appearance
from .labels import Organ
from .randomised import draw_view, outside, paint
from .reshape import sunken_heart
from .smooth import Field
from .torso import Labels
from .warp import apply_warp, draw_warp

_ELSEWHERE = 0.15
"""Share of views centered anywhere along the trunk; the others show at least some of the liver."""
_SUNKEN = 0.5
"""Share of views in which the heart reaches down beside the dome of the liver (our choice)."""
_SINKS_MM = (6.0, 36.0)
"""How far."""


@dataclass(frozen=True, slots=True)
class PaintedView:
    """One training example at 3 mm; arrays are (z, y, x)."""

    hu: Field
    labels: Labels
    """Zero where nothing was scanned."""


def random_view(labels: Labels, rng: np.random.Generator, *, shape_zyx: tuple[int, int, int]) -> PaintedView:
    """A view of ``shape_zyx`` voxels of 3 mm, everything about it drawn from ``rng``."""
    warp = draw_warp(rng, center_voxels=_center(labels, rng))
    sunken, depth_mm = rng.random() < _SUNKEN, float(rng.uniform(*_SINKS_MM))
    labels = sunken_heart(labels, depth_mm) if sunken else labels
    look = draw_appearance(rng)
    view = draw_view(rng, shape_zyx[0])
    seen: Labels = apply_warp(labels, warp, shape_zyx)
    hu = paint(seen, look)
    hidden = outside(view, shape_zyx)
    hu[hidden] = AIR_HU
    seen[hidden] = Organ.BACKGROUND
    return PaintedView(hu, seen)


def _center(labels: Labels, rng: np.random.Generator) -> tuple[float, float, float]:
    """Near the middle of liver and body, where a radiographer would put it; sometimes anywhere."""
    rough = labels[::2, ::2, ::2]
    slices = 2 * np.flatnonzero((rough == Organ.LIVER).any(axis=(1, 2)))
    z = (slices[0] + slices[-1]) / 2 + rng.normal(0, 22) if len(slices) else len(labels) / 2
    if rng.random() < _ELSEWHERE:
        z = rng.uniform(20, max(21, len(labels) - 20))
    body = labels[int(np.clip(z, 0, len(labels) - 1))] > 0
    y, x = np.argwhere(body).mean(axis=0) if body.any() else (labels.shape[1] / 2, labels.shape[2] / 2)
    return (float(z), float(y + rng.normal(0, 4)), float(x + rng.normal(0, 4)))
