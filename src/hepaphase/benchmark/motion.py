"""A phase moved by a known amount: breath, turn and bend drawn from a seed, noise as scanned."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..base.seeds import stream
from ..phantom.simulate import SimulatedCase
from ..phantom.space import grid_axes_mm, read_lattice, smooth_values
from ..prepare.register import Transform
from ..resample.through import moved_points, resample_through
from ..study.displacement import Displacement
from ..study.geometry import Floats, Geometry
from ..study.phase import Phase, Provenance
from ..study.study import MaskArray, PhaseVolume

BREATH_SD_MM = (1.5, 3.0, 9.0)
"""Shift along L, P and S: a breath held at another depth. Harder than the physics notes, C, where it is 3.5 mm along S,
and 12 mm in 7 % of exams."""
TURN_SD_DEG = 1.5
BEND_SD_MM = 2.0
"""Of each component, correlated over 40 mm (physics notes, C: 1.5 to 2 mm)."""


@dataclass(frozen=True, slots=True, eq=False)
class MovedCase:
    """A reference phase at rest, another phase moved, and how."""

    fixed: PhaseVolume
    moving: PhaseVolume
    phase: Phase
    motion: Transform
    """True transform from reference to phase."""
    liver: MaskArray
    moved_liver: MaskArray
    lesions: npt.NDArray[np.uint16]


def move(case: SimulatedCase, phase: Phase, seed: int) -> MovedCase:
    """Move ``phase`` of a simulated case by a drawn motion; the reference is its PVP, at rest."""
    fixed = case.study.phase(Phase.PVP)
    grid = fixed.geometry
    liver, lesions = case.study.masks["liver"][0], case.study.masks["lesions"][0]
    motion = draw_motion(seed, grid, _middle_mm(liver, grid))
    noise = case.study.phase(phase).hu - case.truth.clean_hu[phase]
    still = np.asarray(case.truth.reference_hu[phase], np.float32)
    hu = resample_through(still, grid, grid, matrix=motion.matrix, bend=motion.bend, back=True) + noise
    moved = (
        resample_through(
            liver.astype(np.float32), grid, grid, matrix=motion.matrix, bend=motion.bend, fill=0.0, back=True
        )
        > 0.5
    )
    volume = PhaseVolume(np.clip(hu, -1024, 3071).astype(np.float32), grid, Provenance.SIMULATED)
    return MovedCase(fixed, volume, phase, motion, liver, moved.astype(np.uint8), lesions)


def draw_motion(seed: int, grid: Geometry, center_lps_mm: Floats, *, bend_sd_mm: float = BEND_SD_MM) -> Transform:
    """A breath, a turn about ``center_lps_mm`` and a smooth bend on ``grid`` (axes along LPS)."""
    rng = stream(seed, "motion")
    shift = rng.normal(0, BREATH_SD_MM)
    matrix = np.eye(4)
    for axis, angle in enumerate(np.deg2rad(rng.normal(0, TURN_SD_DEG, 3))):
        turn = np.eye(3)
        i, j = (a for a in range(3) if a != axis)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        matrix[:3, :3] = matrix[:3, :3] @ turn
    matrix[:3, 3] = center_lps_mm + shift - matrix[:3, :3] @ center_lps_mm
    axes = grid_axes_mm(grid)
    mm = np.stack([read_lattice(smooth_values(rng, sd=bend_sd_mm), axes) for _ in range(3)])
    return Transform(matrix, Displacement(mm.astype(np.float32), grid))


def target_error_mm(found: Transform, true: Transform, points_lps_mm: Floats) -> Floats:
    """Distance between where two transforms take each point, (N,)."""
    one = moved_points(points_lps_mm, found.matrix, found.bend)
    other = moved_points(points_lps_mm, true.matrix, true.bend)
    return np.asarray(np.linalg.norm(one - other, axis=-1))


def points_in(mask: npt.NDArray[np.bool_], grid: Geometry, *, num: int, seed: int) -> Floats:
    """``num`` voxel centres of ``mask``, (num, 3) LPS, evenly by volume."""
    index = np.argwhere(mask)
    picked = stream(seed, "points").choice(len(index), size=min(num, len(index)), replace=False)
    return grid.to_lps_mm(index[picked])


def _middle_mm(mask: MaskArray, grid: Geometry) -> Floats:
    return np.asarray(grid.to_lps_mm(np.argwhere(mask > 0).mean(axis=0)))
