"""A chart of HU over time as positions on a drawing board; the page draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..study.findings import Measured
from ..study.geometry import Floats
from ..study.phase import Phase
from .curves import Curve

WIDTH, HEIGHT = 560.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 14.0, 40.0


@dataclass(frozen=True, slots=True)
class Point:
    """A measured value with its bar of one standard deviation."""

    x: float
    y: float
    y_low: float
    y_high: float
    provenance: str
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """A curve as the points of an SVG polyline."""

    name: str
    kind: str
    """``class``, ``part`` or ``liver``."""
    points: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All that is drawn, in units of the drawing board."""

    lines: tuple[Line, ...]
    lesion: tuple[Point, ...]
    liver: tuple[Point, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM


@dataclass(frozen=True, slots=True)
class Series:
    """What goes into a chart."""

    lesion: Mapping[Phase, Measured]
    liver: Mapping[Phase, Measured]
    time_s: Mapping[Phase, float]
    provenance: Mapping[Phase, str]
    class_curves: Sequence[Curve]
    """The main compartment first."""
    liver_curve: Curve


@dataclass(frozen=True, slots=True)
class _Scale:
    last_s: float
    low_hu: float
    high_hu: float

    def x(self, time_s: Floats | float) -> Floats:
        return np.asarray(LEFT + np.asarray(time_s) / self.last_s * (WIDTH - LEFT - RIGHT))

    def y(self, hu: Floats | float) -> Floats:
        share = (np.asarray(hu) - self.low_hu) / (self.high_hu - self.low_hu)
        return np.asarray(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM))


def draw(series: Series) -> Chart:
    """Lay curves and points out on one board that holds them all."""
    curves = [("liver", series.liver_curve), *(("part", c) for c in series.class_curves[1:])]
    curves.append(("class", series.class_curves[0]))
    scale = _scale(series, [c for _, c in curves])
    return Chart(
        lines=tuple(Line(c.name, kind, _polyline(scale, c)) for kind, c in curves),
        lesion=_points(series, series.lesion, scale, what="lesion"),
        liver=_points(series, series.liver, scale, what="liver"),
        x_ticks=tuple((float(scale.x(t)), f"{t:.0f}") for t in _ticks(0.0, scale.last_s, 8)),
        y_ticks=tuple(
            (float(scale.y(hu)), f"{hu:.0f}".replace("-", "−")) for hu in _ticks(scale.low_hu, scale.high_hu, 6)
        ),
    )


def _scale(series: Series, curves: Sequence[Curve]) -> _Scale:
    last_s = max([*series.time_s.values(), 190.0]) * 1.06
    edges = [m.mean_hu + side * m.sd_hu for m in series.lesion.values() for side in (-1, 1)]
    edges += [m.mean_hu for m in series.liver.values()]
    edges += [float(v) for c in curves for v in (c.hu[c.time_s <= last_s].min(), c.hu[c.time_s <= last_s].max())]
    margin = 0.06 * (max(edges) - min(edges)) + 2.0
    return _Scale(last_s, min(edges) - margin, max(edges) + margin)


def _points(series: Series, values: Mapping[Phase, Measured], scale: _Scale, *, what: str) -> tuple[Point, ...]:
    points = []
    for phase, value in values.items():
        time_s = series.time_s[phase]
        provenance = series.provenance[phase]
        made = "generated" if provenance == "synthetic" else provenance
        points.append(
            Point(
                x=float(scale.x(time_s)),
                y=float(scale.y(value.mean_hu)),
                y_low=float(scale.y(value.mean_hu - value.sd_hu)),
                y_high=float(scale.y(value.mean_hu + value.sd_hu)),
                provenance=provenance,
                label=f"{phase} {what}, {made}: {value.mean_hu:.0f} HU (sd {value.sd_hu:.0f}) at {time_s:.0f} s",
            )
        )
    return tuple(points)


def _polyline(scale: _Scale, curve: Curve) -> str:
    shown = curve.time_s <= scale.last_s
    pairs = zip(scale.x(curve.time_s[shown]).tolist(), scale.y(curve.hu[shown]).tolist(), strict=True)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between ``low`` and ``high``, at most ``most`` of them."""
    step = next(s for s in (10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000) if (high - low) / s < most)
    first = int(np.ceil(low / step))
    return [float(step * k) for k in range(first, int(np.floor(high / step + 1e-9)) + 1)]  # whole numbers: no -0
