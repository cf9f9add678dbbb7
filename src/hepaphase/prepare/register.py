"""One phase lined up with the reference: rigid, then bent, both looking at the liver alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..resample.through import resample_through
from ..study.displacement import Displacement
from ..study.geometry import Floats, Geometry
from ..study.study import MaskArray, PhaseVolume
from .deform import BendConfig, bend, likeness
from .rigid import rigid
from .working import WINDOW_HU, working_volumes

Volume = npt.NDArray[np.float32]

SEED = 1
"""Of the voxels that the mutual information samples."""


@dataclass(frozen=True, slots=True)
class Transform:
    """Takes a position of the reference to the phase's own space: displaced, then turned and shifted."""

    matrix: Floats
    """(4, 4), LPS."""
    bend: Displacement | None = None

    @classmethod
    def identity(cls) -> "Transform":
        """Trust in the scanner's positions."""
        return cls(np.eye(4))


def register(
    fixed: PhaseVolume, moving: PhaseVolume, liver: MaskArray, *, start_mm: Floats | None = None, seed: int = SEED
) -> Transform:
    """The transform that takes the reference ``fixed`` to ``moving``.

    Rigid: Mattes mutual information (SimpleITK), which asks only that tissues keep apart, not how bright they are. Then
    bent by local correlation. What does not make the two more alike is not taken: the bend, then the rigid part.

    Args:
        fixed: the reference.
        moving: the other phase.
        liver: mask on the grid of ``fixed``.
        start_mm: a first guess of the shift, LPS, such as from the middles of two liver masks; tried beside none.
        seed: of the voxels that the mutual information samples.

    Raises:
        VolumeError: when the liver mask is empty.
    """
    work = working_volumes(fixed, liver)
    matrix = rigid(work, moving, start_mm, seed)
    plain, turned = (_on_grid(moving, work.geometry, Transform(m)) for m in (np.eye(4), matrix))
    if likeness(work.fixed, turned, work.weight) <= likeness(work.fixed, plain, work.weight):
        matrix, turned = np.eye(4), plain
    spacing_mm = work.geometry.spacing_xyz_mm[0]
    field = bend(work.fixed, turned, work.weight, spacing_mm=spacing_mm, config=BendConfig())
    bent = Transform(matrix, Displacement(np.ascontiguousarray(field[::-1]) * np.float32(spacing_mm), work.geometry))
    better = _on_grid(moving, work.geometry, bent)
    if likeness(work.fixed, better, work.weight) <= likeness(work.fixed, turned, work.weight):
        return Transform(matrix)
    return bent


def _on_grid(moving: PhaseVolume, grid: Geometry, transform: Transform) -> Volume:
    hu = resample_through(
        moving.hu, moving.geometry, grid, matrix=transform.matrix, bend=transform.bend, whole=moving.whole
    )
    return np.asarray(np.clip(hu, *WINDOW_HU), np.float32)
