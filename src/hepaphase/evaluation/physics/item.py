"""One number of a measure, with the range that exams keep."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from .exam import PhysicsExam


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A number that physics bounds.

    ``low`` and ``high`` are the range of the physics notes, D; infinite where there is no such bound.
    """

    measure: str
    """``M1`` to ``M12``."""
    name: str
    """What was measured, such as ``aorta PVP``."""
    value: float
    """NaN when it cannot be measured here."""
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    missing: str = ""
    """Why it cannot be measured."""

    @property
    def key(self) -> str:
        """Unique among all items: ``M2 aorta PVP``."""
        return f"{self.measure} {self.name}"

    @property
    def inside(self) -> bool:
        """Whether the value lies in the range; what cannot be measured does not."""
        return self.low <= self.value <= self.high

    @property
    def is_deviation(self) -> bool:
        """Whether it is the size of an error, of which none is best: its range goes from zero to some bound."""
        return self.low == 0 and math.isfinite(self.high)


Measure = Callable[[PhysicsExam], list[Item]]
"""A measure: from an exam to its items. What an exam lacks gives items that say so."""


def missing(measure: str, name: str, why: str) -> Item:
    """An item that cannot be measured."""
    return Item(measure=measure, name=name, value=math.nan, missing=why)


def bounded(measure: str, name: str, value: float, limits: tuple[float, float], unit: str = "") -> Item:
    """An item with its range; one that could not be computed says that a region or phase is missing."""
    if math.isnan(value):
        return missing(measure, name, "a region or phase that it needs is missing")
    return Item(measure=measure, name=name, value=value, unit=unit, low=limits[0], high=limits[1])


def ratio(top: float, bottom: float) -> float:
    """A quotient; NaN when there is nothing to divide by."""
    return top / bottom if bottom > 1.0 else math.nan
