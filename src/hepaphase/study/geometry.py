"""Where voxels are in the patient: LPS, millimetres, arrays (z, y, x)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..base.errors import GeometryError

Floats = npt.NDArray[np.float64]
Xyz = tuple[float, float, float]

TOLERANCE_MM = 0.01
"""Two grids are the same when no corner is further apart than this (our choice; storage in float32 costs ~1e-4)."""

_ORTHONORMAL_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Geometry:
    """A grid of voxels in patient space, immutable and hashable.

    The centre of voxel (k, j, i) of a (z, y, x) array lies at
    ``origin_lps_mm + direction @ (spacing_xyz_mm * (i, j, k))``. This is the convention of DICOM and of SimpleITK.

    Raises:
        GeometryError: for a size or spacing that is not positive and finite, or axes that are not orthonormal.
    """

    shape_zyx: tuple[int, int, int]
    spacing_xyz_mm: Xyz
    origin_lps_mm: Xyz
    direction: tuple[Xyz, Xyz, Xyz] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    """Rows of the 3x3 matrix whose columns are the unit vectors of the i, j and k axes in LPS."""

    def __post_init__(self) -> None:
        if len(self.shape_zyx) != 3 or min(self.shape_zyx) < 1:
            raise GeometryError(f"A volume needs three axes of at least one voxel, got shape {self.shape_zyx}.")
        if not all(np.isfinite(s) and s > 0 for s in self.spacing_xyz_mm):
            raise GeometryError(
                f"Spacing must be positive and finite, got {self.spacing_xyz_mm} mm (x, y, z). Repair the header."
            )
        if not all(np.isfinite(v) for v in self.origin_lps_mm):
            raise GeometryError(f"The origin must be finite, got {self.origin_lps_mm}. Repair the header.")
        matrix = np.asarray(self.direction, dtype=float)
        if matrix.shape != (3, 3) or not np.allclose(matrix.T @ matrix, np.eye(3), atol=_ORTHONORMAL_TOLERANCE):
            raise GeometryError(
                f"The axes of the volume are not at right angles: direction {self.direction}. Resample it first."
            )

    @classmethod
    def from_affine(cls, shape_zyx: tuple[int, int, int], affine_lps: Floats) -> "Geometry":
        """From a 4x4 matrix that takes (i, j, k, 1) to LPS millimetres."""
        columns = np.asarray(affine_lps, dtype=float)[:3, :3]
        spacing = np.linalg.norm(columns, axis=0)
        if not np.all(np.isfinite(spacing)) or np.any(spacing <= 0):
            raise GeometryError(
                f"Spacing must be positive and finite, got {tuple(spacing.tolist())} mm (x, y, z). Repair the header."
            )
        return cls(
            shape_zyx=_triple_int(shape_zyx),
            spacing_xyz_mm=_triple(spacing),
            origin_lps_mm=_triple(np.asarray(affine_lps, dtype=float)[:3, 3]),
            direction=_rows(columns / spacing),
        )

    @property
    def affine_lps(self) -> Floats:
        """The 4x4 matrix that takes (i, j, k, 1) to LPS millimetres."""
        affine = np.eye(4)
        affine[:3, :3] = np.asarray(self.direction) * np.asarray(self.spacing_xyz_mm)
        affine[:3, 3] = self.origin_lps_mm
        return affine

    @property
    def spacing_zyx_mm(self) -> Xyz:
        """Spacing in the order of array axes."""
        x, y, z = self.spacing_xyz_mm
        return (z, y, x)

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return float(np.prod(self.spacing_xyz_mm)) / 1000.0

    def to_lps_mm(self, index_zyx: npt.ArrayLike) -> Floats:
        """LPS positions, shape (..., 3), of (z, y, x) voxel indices, shape (..., 3), fractional or not."""
        index = np.asarray(index_zyx, dtype=float)[..., ::-1]
        return np.asarray(index @ self.affine_lps[:3, :3].T + self.affine_lps[:3, 3])

    def to_index_zyx(self, position_lps_mm: npt.ArrayLike) -> Floats:
        """Fractional voxel indices, shape (..., 3) in (z, y, x) order, of LPS positions, shape (..., 3)."""
        offset = np.asarray(position_lps_mm, dtype=float) - np.asarray(self.origin_lps_mm)
        index = (offset @ np.asarray(self.direction)) / np.asarray(self.spacing_xyz_mm)
        return np.asarray(index[..., ::-1])

    def corners_lps_mm(self) -> Floats:
        """Centres of the eight corner voxels, shape (8, 3)."""
        last = np.asarray(self.shape_zyx) - 1
        picks = np.array(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij")).reshape(3, -1).T
        return self.to_lps_mm(picks * last)

    def corner_distance_mm(self, other: "Geometry") -> float:
        """How far apart the worst pair of corners is; infinite when the shapes differ."""
        if self.shape_zyx != other.shape_zyx:
            return float("inf")
        return float(np.linalg.norm(self.corners_lps_mm() - other.corners_lps_mm(), axis=1).max())

    def matches(self, other: "Geometry", *, tolerance_mm: float = TOLERANCE_MM) -> bool:
        """Whether both are the same grid, compared in millimetres at the corners."""
        return self.corner_distance_mm(other) <= tolerance_mm

    def require(self, other: "Geometry", *, what: str, tolerance_mm: float = TOLERANCE_MM) -> None:
        """Refuse ``other`` unless it is this grid.

        Raises:
            GeometryError: saying what was compared and how far apart it is.
        """
        if not self.matches(other, tolerance_mm=tolerance_mm):
            raise GeometryError(
                f"{what} lies on another grid: shape {other.shape_zyx}, spacing {_short(other.spacing_xyz_mm)} mm, "
                f"origin {_short(other.origin_lps_mm)}; expected {self.shape_zyx}, {_short(self.spacing_xyz_mm)} mm, "
                f"{_short(self.origin_lps_mm)}. Resample it first: hepaphase prepare."
            )

    def crop(self, start_zyx: tuple[int, int, int], stop_zyx: tuple[int, int, int]) -> "Geometry":
        """The grid of ``array[start:stop]``; ``start`` may be negative and ``stop`` past the end (padding)."""
        shape = _triple_int(np.subtract(stop_zyx, start_zyx))
        return Geometry(shape, self.spacing_xyz_mm, _triple(self.to_lps_mm(start_zyx)), self.direction)

    def with_spacing(self, spacing_xyz_mm: Xyz) -> "Geometry":
        """A grid with the same axes and outer edges (to within one voxel) at another spacing."""
        old = np.asarray(self.spacing_xyz_mm)
        new = np.asarray(spacing_xyz_mm)
        shape_xyz = np.maximum(1, np.round(np.asarray(self.shape_zyx[::-1]) * old / new)).astype(int)
        middle = self.to_lps_mm((np.asarray(self.shape_zyx) - 1) / 2)
        offset = np.asarray(self.direction) @ (new * (shape_xyz - 1) / 2)
        return Geometry(_triple_int(shape_xyz[::-1]), _triple(new), _triple(middle - offset), self.direction)


def _triple(values: npt.ArrayLike) -> Xyz:
    x, y, z = (float(v) for v in np.asarray(values).ravel())
    return (x, y, z)


def _triple_int(values: npt.ArrayLike) -> tuple[int, int, int]:
    a, b, c = (int(v) for v in np.asarray(values).ravel())
    return (a, b, c)


def _rows(matrix: Floats) -> tuple[Xyz, Xyz, Xyz]:
    return (_triple(matrix[0]), _triple(matrix[1]), _triple(matrix[2]))


def _short(values: Xyz) -> str:
    return "(" + ", ".join(f"{v:.4g}" for v in values) + ")"
