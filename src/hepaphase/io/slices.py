"""Where the slices of a DICOM series lie, and how they make one whole volume."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..base.errors import DicomError
from ..study.geometry import Floats, Geometry, Xyz
from ..study.study import HuArray

_ANGLE = 1e-3
"""Slices are parallel when their cosines differ by less than this (header text is often rounded to 4 digits)."""
_SAME_PLACE_MM = 0.01
_UNEVEN = 0.1
"""Share of the spacing by which one step may differ from the others (our choice; headers are rounded to 0.1 mm)."""
_GAP = 1.5
"""A lone step of this many spacings is a hole; a run of them is a part that was scanned with wider steps."""
_RUN = 3
_WIDEST = 4.1
"""No two steps of one scan differ by a larger factor (our choice); more is a mixture."""
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


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """How slices make a volume on a grid at right angles."""

    order: tuple[int, ...]
    """Indices of the slices by position along the normal."""
    geometry: Geometry
    along_mm: Floats
    """Position of each ordered slice along the normal, first at 0."""
    drift_yx: Floats
    """Voxels by which each ordered slice is moved in plane; all zero where the stack stands upright."""
    notes: tuple[str, ...] = ()
    """What was resampled, and what that costs."""


def stack(slices: Sequence[Slice], *, fill_missing: bool = False) -> Stack:
    """The order in which ``slices`` make a volume, by their position along the normal, and its grid.

    Slice order, file names and instance numbers are not trusted: only ImagePositionPatient and
    ImageOrientationPatient (DICOM PS3.3 C.7.6.2.1.1) are. A tilted gantry and parts with other steps are to be
    resampled, which ``notes`` says; the grid then has the smallest step.

    Raises:
        DicomError: unless the slices are parallel, of one size, each there once, and, unless ``fill_missing``, whole.
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
    order = [int(i) for i in np.argsort(positions @ normal, kind="stable")]
    positions = positions[order]
    along_mm = positions @ normal
    spacing_mm, notes = _spacing_mm([slices[i] for i in order], along_mm, fill_missing=fill_missing)
    num_slices = round(float(along_mm[-1] - along_mm[0]) / spacing_mm) + 1
    spacing_yx = np.asarray(first.spacing_yx_mm)
    drift_yx, corner_mm, tilt = _drift(positions, direction, spacing_yx)
    extra = np.ceil(drift_yx.max(axis=0) - 1e-6).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = direction * (spacing_yx[1], spacing_yx[0], spacing_mm)
    affine[:3, 3] = corner_mm
    shape = (num_slices, first.shape_yx[0] + int(extra[0]), first.shape_yx[1] + int(extra[1]))
    grid = Geometry.from_affine(shape, affine)
    return Stack(tuple(order), grid, along_mm - along_mm[0], drift_yx, (*notes, *tilt))


def fill(ordered: HuArray, plan: Stack, *, outside_hu: float) -> HuArray:
    """The slices in the order of ``plan``, shape (n, y, x), as a volume on its grid, by linear interpolation."""
    hu = ordered
    if plan.drift_yx.any():
        hu = np.full((len(ordered), *plan.geometry.shape_zyx[1:]), outside_hu, dtype=np.float32)
        y, x = ordered.shape[1:]
        for out, plane, move in zip(hu, ordered, plan.drift_yx, strict=True):
            out[:y, :x] = plane
            out[:] = ndimage.shift(out, move, order=1, mode="constant", cval=outside_hu)
    num_slices, spacing_mm = plan.geometry.shape_zyx[0], plan.geometry.spacing_xyz_mm[2]
    if num_slices == len(hu) and np.allclose(
        plan.along_mm, np.arange(num_slices) * spacing_mm, atol=_UNEVEN * spacing_mm
    ):
        return hu
    at = np.interp(np.arange(num_slices) * spacing_mm, plan.along_mm, np.arange(len(hu)))
    low = np.minimum(at.astype(int), len(hu) - 2)
    share = (at - low).astype(np.float32)[:, None, None]
    return np.asarray(hu[low] * (1 - share) + hu[low + 1] * share)


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


def _spacing_mm(ordered: Sequence[Slice], along_mm: Floats, *, fill_missing: bool) -> tuple[float, list[str]]:
    """The step of the grid, and what is to be said about steps that differ from it."""
    steps = np.diff(along_mm)
    usual_mm = float(np.median(steps))
    if steps.min() < _SAME_PLACE_MM:
        raise DicomError(_say_twice(ordered, steps))
    if np.abs(steps - usual_mm).max() <= _UNEVEN * usual_mm:
        return float((along_mm[-1] - along_mm[0]) / len(steps)), []
    least_mm = float(np.quantile(steps, 0.1))
    if _alternates(steps, usual_mm):
        raise DicomError(_say_mixed(ordered, along_mm, steps, usual_mm))
    holes = [k for k in range(len(steps)) if _is_hole(steps, k, least_mm)]
    if holes:
        if not fill_missing:
            raise DicomError(_say_hole(ordered, along_mm, holes[0], least_mm))
        missing = sum(round(steps[k] / least_mm) - 1 for k in holes)
        return _divide(along_mm, least_mm), [f"{missing} missing slice(s) were filled by interpolation, as asked."]
    if steps.max() > _WIDEST * steps.min():
        raise DicomError(_say_mixed(ordered, along_mm, steps, usual_mm))
    spacing_mm = _divide(along_mm, least_mm)
    return spacing_mm, [
        f"Slices lie {steps.min():.2f} to {steps.max():.2f} mm apart: resampled to {spacing_mm:.2f} mm by linear "
        f"interpolation. Between slices that lie further apart nothing was measured."
    ]


def _divide(along_mm: Floats, step_mm: float) -> float:
    """The step nearest to ``step_mm`` that ends on the last slice."""
    length_mm = float(along_mm[-1] - along_mm[0])
    return length_mm / max(round(length_mm / step_mm), 1)


def _is_hole(steps: Floats, k: int, least_mm: float) -> bool:
    """Whether step ``k`` is wide and fewer than three such steps lie side by side."""
    if steps[k] < _GAP * least_mm:
        return False
    same = np.abs(steps - steps[k]) <= _UNEVEN * steps[k]
    left, right = k, k
    while left > 0 and same[left - 1]:
        left -= 1
    while right + 1 < len(steps) and same[right + 1]:
        right += 1
    return right - left + 1 < min(_RUN, len(steps))


def _alternates(steps: Floats, usual_mm: float) -> bool:
    """Whether long and short steps take turns, as two passes in one another make them."""
    if len(steps) < 4:
        return False
    turn = np.quantile(np.abs(steps[1:] - steps[:-1]), 0.25)  # nearly every step differs from the next
    again = np.median(np.abs(steps[2:] - steps[:-2]))
    return bool(turn > _UNEVEN * usual_mm and again < 0.25 * turn)


def _say_hole(ordered: Sequence[Slice], along_mm: Floats, k: int, usual_mm: float) -> str:
    step_mm = along_mm[k + 1] - along_mm[k]
    missing = step_mm / usual_mm - 1
    whole = abs(missing - round(missing)) < 2 * _UNEVEN
    what = f"{round(missing)} slice(s) missing" if whole else "a hole"
    one, other = ordered[k].name, ordered[k + 1].name
    return (
        f"The series is not whole: {what} between {one} (at {along_mm[k]:.2f} mm) and {other} "
        f"(at {along_mm[k + 1]:.2f} mm), a step of {step_mm:.2f} mm where {usual_mm:.2f} mm is usual. Export it again, "
        "or have it filled by --fill-missing."
    )


def _say_mixed(ordered: Sequence[Slice], along_mm: Floats, steps: Floats, usual_mm: float) -> str:
    k = int(np.abs(steps - usual_mm).argmax())
    return (
        f"The series is not whole: uneven spacing between {ordered[k].name} (at {along_mm[k]:.2f} mm) and "
        f"{ordered[k + 1].name} (at {along_mm[k + 1]:.2f} mm), a step of {steps[k]:.2f} mm where {usual_mm:.2f} mm is "
        "usual; it looks like several scans in one. Export each by itself."
    )


def _say_twice(ordered: Sequence[Slice], steps: Floats) -> str:
    index = int(steps.argmin())
    passes = Counter(s.acquisition for s in ordered)
    text = f"Several slices at one position: {ordered[index].name} and {ordered[index + 1].name}"
    if len(passes) > 1:
        text += f"; the series mixes {len(passes)} acquisitions (numbers {', '.join(sorted(passes))})"
    return text + ". Export each contrast pass as a series of its own."


def _drift(positions: Floats, direction: Floats, spacing_yx: Floats) -> tuple[Floats, Floats, list[str]]:
    """In-plane move of each slice in voxels, at least zero; the corner of the grid; what is to be said."""
    in_plane = (positions - positions[0]) @ direction[:, [1, 0]]  # mm along y and x
    if np.linalg.norm(in_plane, axis=1).max() <= _SHEAR_MM:
        return np.zeros_like(in_plane), positions[0], []
    least = in_plane.min(axis=0)
    corner = positions[0] + direction[:, [1, 0]] @ least
    length_mm = float((positions[-1] - positions[0]) @ direction[:, 2])
    moved_mm = float(np.linalg.norm(in_plane[-1]))
    degrees = float(np.degrees(np.arctan2(moved_mm, length_mm)))
    return (
        (in_plane - least) / spacing_yx,
        corner,
        [
            f"The stack leans by {degrees:.1f} degrees (a tilted gantry): slices were moved in plane by up to "
            f"{moved_mm:.1f} mm by linear interpolation, which blurs by up to half a voxel "
            f"({spacing_yx.max() / 2:.2f} mm)."
        ],
    )
