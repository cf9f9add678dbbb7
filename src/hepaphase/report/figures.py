"""The pictures of a report: which slice of which phase, in which frame, with which outlines."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..study.findings import Finding
from ..study.phase import Phase
from .diameters import Diameters, diameters
from .picture import Array, Window, outline_path, picture, to_difference, to_gray
from .view import View

MIN_FIELD_MM = 110.0
"""Smallest side of a picture around a lesion."""
MAX_PICTURED = 12
"""Lesions with pictures, largest first: a liver full of metastases must still fit into the page."""
COLORS = ("#25d0f5", "#ff6fb5", "#9be564", "#ffe14d", "#c79bff", "#ff8f6b")
"""Outlines of lesions, in turn; none is the amber of generated phases."""


@dataclass(frozen=True, slots=True)
class Outline:
    """An SVG path in millimetres from the corner of the picture."""

    path: str
    color: str
    number: str
    """The lesion it belongs to; empty for the liver."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One axial slice in one frame, the same in all phases."""

    index: int
    """Along the first axis of the view."""
    window: Window
    outlines: tuple[Outline, ...]
    caliper: tuple[tuple[float, float], tuple[float, float]] | None = None
    """Ends (y, x) of the long axis, in millimetres from the corner of the picture."""


def color_of(place: int) -> str:
    """The color of the lesion at that place in the report (from 0)."""
    return COLORS[place % len(COLORS)]


def pictured(lesions: Sequence[Finding]) -> frozenset[int]:
    """Ids of the lesions that get pictures."""
    ranked = sorted(lesions, key=lambda lesion: -lesion.long_axis_mm)
    return frozenset(lesion.lesion_id for lesion in ranked[:MAX_PICTURED])


def lesion_slice(view: View, lesion: Finding, order: Sequence[int]) -> Slice:
    """The slice that holds the long axis of ``lesion``, framed around it; ``order`` lists all ids of the report."""
    axes = diameters(view.lesions == lesion.lesion_id, spacing_yx_mm=view.spacing_yx_mm)
    sy, sx = view.spacing_yx_mm
    (ay, ax), (by, bx) = axes.ends_yx_mm
    centre = ((ay + by) / 2 + sy / 2, (ax + bx) / 2 + sx / 2)
    window = _whole(view).around(centre, max(MIN_FIELD_MM, 2.2 * lesion.long_axis_mm))
    return Slice(
        axes.slice_index, window, _outlines(view, axes.slice_index, window, order), _caliper(axes, window, view)
    )


def liver_slice(view: View, lesions: Sequence[Finding]) -> Slice:
    """The whole liver in one slice: that of the longest lesion, else that with most liver, else the middle one."""
    order = [lesion.lesion_id for lesion in lesions]
    window = _whole(view)
    if lesions:
        longest = max(lesions, key=lambda lesion: lesion.long_axis_mm)
        index = diameters(view.lesions == longest.lesion_id, spacing_yx_mm=view.spacing_yx_mm).slice_index
    elif view.liver.any():
        index = int(view.liver.sum(axis=(1, 2)).argmax())
    else:
        index = view.liver.shape[0] // 2
    return Slice(index, window, _outlines(view, index, window, order))


def phase_picture(view: View, where: Slice, phase: Phase, *, generated: bool) -> str:
    """One phase as a data URI."""
    gray = to_gray(view.hu[phase][where.index])
    return picture(gray, where.window, view.spacing_yx_mm, generated=generated)


def withheld_picture(view: View, where: Slice, phase: Phase) -> str:
    """The scan that was withheld, as a data URI."""
    gray = to_gray(view.withheld[phase][where.index])
    return picture(gray, where.window, view.spacing_yx_mm, generated=False)


def difference_picture(view: View, where: Slice, phase: Phase) -> str:
    """Generated minus withheld in color, as a data URI; marked, as half of it was generated."""
    difference = view.hu[phase][where.index] - view.withheld[phase][where.index]
    return picture(to_difference(difference), where.window, view.spacing_yx_mm, generated=True)


def _whole(view: View) -> Window:
    _, height, width = view.geometry.shape_zyx
    return Window.whole((height, width), view.spacing_yx_mm)


def _outlines(view: View, index: int, window: Window, order: Sequence[int]) -> tuple[Outline, ...]:
    def path(mask: Array) -> str:
        return outline_path(mask, window, view.spacing_yx_mm)

    shown = np.unique(view.lesions[index]).tolist()
    outlines = [Outline(path(view.liver[index]), "", "")]
    outlines += [
        Outline(path(view.lesions[index] == lesion_id), color_of(place), str(lesion_id))
        for place, lesion_id in enumerate(order)
        if lesion_id in shown
    ]
    return tuple(outlines)


def _caliper(axes: Diameters, window: Window, view: View) -> tuple[tuple[float, float], tuple[float, float]]:
    sy, sx = view.spacing_yx_mm
    (ay, ax), (by, bx) = axes.ends_yx_mm
    return (
        (ay + sy / 2 - window.top_mm, ax + sx / 2 - window.left_mm),
        (by + sy / 2 - window.top_mm, bx + sx / 2 - window.left_mm),
    )
