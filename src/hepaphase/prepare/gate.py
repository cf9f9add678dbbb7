"""Whether a phase lies where the reference does, well enough to be read together."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..resample.grid import resample
from ..resample.through import resample_through, shows
from ..study.geometry import Geometry
from ..study.study import MaskArray, PhaseVolume
from .deform import likeness
from .register import Transform
from .working import WINDOW_HU, Lined

_BALL_MM = 12.0
"""Diameter of the lesion whose change of volume is looked for everywhere in the liver."""
_LEAST_LIVER_VOXELS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a phase must reach (our choices, set on simulated cases of the training range)."""

    least_dice: float = 0.88
    least_seen: float = 0.70
    jacobian: tuple[float, float] = (0.25, 3.0)
    """Smallest and largest local change of volume anywhere in the liver; below zero space is folded."""
    most_lesion_change: float = 0.90
    """Change of volume of a lesion of 12 mm, wherever it lay, as the logarithm of the ratio."""
    least_likeness: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How well one phase lies on the reference."""

    dice: float
    """Of the two liver outlines, found in each phase alone, within what the phase shows."""
    seen: float
    """Share of the liver that the phase shows."""
    jacobian_min: float
    jacobian_max: float
    lesion_change: float
    """Largest absolute logarithm of the volume ratio of a 12 mm ball in the liver; of lesions where they are known."""
    likeness: float
    """Mean squared local correlation in and near the liver; one minus it is the residual."""

    def failures(self, limits: Limits | None = None) -> list[str]:
        """What fell short, in words; empty for a phase that passes."""
        limits = limits or Limits()
        found = []
        if self.seen < limits.least_seen:
            found.append(f"only {self.seen:.0%} of the liver is in its field of view")
        if self.dice < limits.least_dice:
            found.append(f"the outlines of the liver overlap by {self.dice:.2f}")
        if self.jacobian_min < limits.jacobian[0] or self.jacobian_max > limits.jacobian[1]:
            found.append(f"tissue was squeezed or stretched {self.jacobian_min:.2f} to {self.jacobian_max:.2f} times")
        if self.lesion_change > limits.most_lesion_change:
            found.append(f"a lesion could change its volume by {np.expm1(self.lesion_change):.0%}")
        if self.likeness < limits.least_likeness:
            found.append(f"the liver does not look alike ({self.likeness:.2f})")
        return found

    def figures(self) -> Mapping[str, float]:
        """All as plain numbers."""
        return {name: float(value) for name, value in asdict(self).items()}


def judge(
    work: Lined,
    moving: PhaseVolume,
    livers: tuple[tuple[MaskArray, Geometry], MaskArray],
    transform: Transform,
    lesions: tuple[MaskArray, Geometry] | None = None,
) -> Quality:
    """How well ``moving`` lies on the reference through ``transform``.

    Args:
        work: the reference on the working grid.
        moving: the phase.
        livers: the reference's liver with its grid, and that of ``moving`` on its own, found without the other.
        transform: to be judged.
        lesions: lesions of the reference and their grid, where known.
    """
    grid = work.geometry
    (reference, own), other = livers

    def through(array: npt.NDArray[np.float32], fill: float) -> npt.NDArray[np.float32]:
        matrix, turn = transform.matrix, transform.bend
        found = resample_through(array, moving.geometry, grid, matrix=matrix, bend=turn, fill=fill, whole=moving.whole)
        return np.asarray(found)

    inside = resample_through((reference > 0).astype(np.float32), own, grid, matrix=np.eye(4), fill=0.0) > 0.5
    shown = shows(moving.whole, grid, matrix=transform.matrix, bend=transform.bend)
    there = through((other > 0).astype(np.float32), 0.0) > 0.5
    hu = np.clip(through(moving.hu, -1000.0), *WINDOW_HU).astype(np.float32)
    both = 2 * int((inside & there & shown).sum())
    total = int((inside & shown).sum()) + int(there.sum())
    jacobian = jacobian_of(transform, grid)
    at_liver = jacobian[inside] if np.count_nonzero(inside) >= _LEAST_LIVER_VOXELS else jacobian.ravel()
    return Quality(
        dice=float(both / total) if total else 0.0,
        seen=float((inside & shown).sum() / inside.sum()) if inside.any() else 0.0,
        jacobian_min=float(at_liver.min()),
        jacobian_max=float(at_liver.max()),
        lesion_change=_lesion_change(jacobian, inside, grid, lesions),
        likeness=likeness(work.fixed, hu, work.weight * shown),
    )


def jacobian_of(transform: Transform, grid: Geometry) -> npt.NDArray[np.float32]:
    """Local change of volume from reference to phase on ``grid``, (z, y, x); below zero is a fold, 1 where unknown."""
    if transform.bend is None:
        return np.ones(grid.shape_zyx, np.float32)
    x, y, z = (transform.bend.mm[k].astype(np.float64) for k in range(3))
    own = transform.bend.geometry
    steps = own.spacing_zyx_mm
    rows = [[np.gradient(part, steps[axis], axis=axis) for axis in (2, 1, 0)] for part in (x, y, z)]
    matrix = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2) + np.eye(3)
    found = np.asarray(np.linalg.det(matrix), np.float32)
    return found if own == grid else np.asarray(resample(found, own, grid, order=1, fill=1.0), np.float32)


def _lesion_change(
    jacobian: npt.NDArray[np.float32],
    inside: npt.NDArray[np.bool_],
    grid: Geometry,
    lesions: tuple[MaskArray, Geometry] | None,
) -> float:
    if lesions is not None and (lesions[0] > 0).any():
        labels = resample_through(lesions[0], lesions[1], grid, matrix=np.eye(4), order=0)
        ids = np.unique(labels[labels > 0])
        if ids.size:
            means = np.asarray(ndimage.mean(jacobian, labels, ids))
            return float(np.abs(np.log(np.clip(means, 1e-3, None))).max())
    size = max(1, round(_BALL_MM / grid.spacing_xyz_mm[0]))
    smooth = ndimage.uniform_filter(jacobian, size)
    values = smooth[inside] if inside.any() else smooth.ravel()
    return float(np.abs(np.log(np.clip(values, 1e-3, None))).max())
