"""Where the slices of a DICOM series lie, and whether they make one whole volume."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import DicomError
from ..study.geometry import Floats, Geometry, Xyz

_ANGLE = 1e-3
"""Slices are parallel when their cosines differ by less than this (header text is often rounded to 4 digits)."""
_SAME_PLACE_MM = 0.01
_UNEVEN = 0.1
"""Share of the spacing by which one step may differ from the others (our choice; headers are rounded to 0.1 mm)."""
_SHEAR_MM = 0.5
"""In-plane drift over the whole stack from which on the gantry counts as tilted."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The header of one slice, as far as it says where the slice lies."""

    name: str
    """What to call it in messages."""
    instance: int
    acquisition: str
    shape_yx: tuple[int, int]
    spacing_yx_mm: tuple[float, float]
    position_lps_mm: Xyz
    """Centre of its first voxel."""
    row: Xyz
    """Unit vector along a row: the direction of x."""
    column: Xyz
    """Unit vector along a column: the direction of y."""


def stack(slices: Sequence[Slice]) -> tuple[list[int], Geometry]:
    """The order in which ``slices`` make a volume, by their position along the normal, and its grid.

    Slice order, file names and instance numbers are not trusted: only ImagePositionPatient and
    ImageOrientationPatient (DICOM PS3.3 C.7.6.2.1.1) are.

    Raises:
        DicomError: unless the slices are parallel, of one size, evenly spaced, each there once, and not sheared.
    """
    if len(slices) < 2:
        raise DicomError(f"The series has {len(slices)} slice; a volume needs at least two.")
    _require_alike(slices)
    first = slices[0]
    row = np.asarray(first.row) / np.linalg.norm(first.row)
    normal = np.cross(row, first.column)
    normal /= np.linalg.norm(normal)
    direction = np.stack([row, np.cross(normal, row), normal], axis=1)
    positions = np.array([s.position_lps_mm for s in slices], dtype=float)
    along_mm = positions @ normal
    order = [int(i) for i in np.argsort(along_mm, kind="stable")]
    ordered = [slices[i] for i in order]
    spacing_mm = _even_spacing_mm(ordered, along_mm[order])
    _require_upright(positions[order], normal)
    y_mm, x_mm = first.spacing_yx_mm
    affine = np.eye(4)
    affine[:3, :3] = direction * (x_mm, y_mm, spacing_mm)
    affine[:3, 3] = positions[order[0]]
    return order, Geometry.from_affine((len(slices), *first.shape_yx), affine)


def _require_alike(slices: Sequence[Slice]) -> None:
    first = slices[0]
    for other in slices[1:]:
        if other.shape_yx != first.shape_yx:
            raise DicomError(
                f"Slices differ in size: {first.name} has {first.shape_yx}, {other.name} {other.shape_yx}."
            )
        if not np.allclose(other.spacing_yx_mm, first.spacing_yx_mm, rtol=1e-3):
            raise DicomError(
                f"Slices differ in spacing: {first.name} has {first.spacing_yx_mm} mm, {other.name} "
                f"{other.spacing_yx_mm} mm. Choose one series."
            )
        if not np.allclose([other.row, other.column], [first.row, first.column], atol=_ANGLE):
            raise DicomError(f"Slices are not parallel: {first.name} and {other.name} have different orientations.")


def _even_spacing_mm(ordered: Sequence[Slice], along_mm: Floats) -> float:
    steps = np.diff(along_mm)
    spacing_mm = float(np.median(steps))
    if steps.min() < _SAME_PLACE_MM:
        raise DicomError(_say_twice(ordered, steps))
    worst = int(np.abs(steps - spacing_mm).argmax())
    if abs(steps[worst] - spacing_mm) > _UNEVEN * spacing_mm:
        one, other = ordered[worst], ordered[worst + 1]
        missing = steps[worst] / spacing_mm - 1
        what = (
            f"{round(missing)} slice(s) missing"
            if missing >= 0.5 and abs(missing - round(missing)) < 2 * _UNEVEN
            else "uneven spacing"
        )
        raise DicomError(
            f"The series is not whole: {what} between {one.name} (at {along_mm[worst]:.2f} mm) and {other.name} (at "
            f"{along_mm[worst + 1]:.2f} mm), a step of {steps[worst]:.2f} mm where {spacing_mm:.2f} mm is "
            "usual. Export it again."
        )
    return float((along_mm[-1] - along_mm[0]) / (len(along_mm) - 1))


def _say_twice(ordered: Sequence[Slice], steps: Floats) -> str:
    index = int(steps.argmin())
    passes = Counter(s.acquisition for s in ordered)
    text = f"Several slices at one position: {ordered[index].name} and {ordered[index + 1].name}"
    if len(passes) > 1:
        text += f"; the series mixes {len(passes)} acquisitions (numbers {', '.join(sorted(passes))})"
    return text + ". Export each contrast pass as a series of its own."


def _require_upright(positions: Floats, normal: Floats) -> None:
    """Refuse a tilted gantry: the stack then leans, and no grid at right angles holds it without resampling."""
    in_plane = positions - np.outer(positions @ normal, normal)
    drift_mm = float(np.linalg.norm(in_plane - in_plane[0], axis=1).max())
    if drift_mm > _SHEAR_MM:
        raise DicomError(
            f"The stack leans by {drift_mm:.1f} mm from its first to its last slice (a tilted gantry). "
            "Export it without tilt."
        )
