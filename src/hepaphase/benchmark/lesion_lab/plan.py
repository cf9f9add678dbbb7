"""Which lesions are put into which scan: drawn before anything is read."""

from dataclasses import dataclass

import numpy as np

from ...base.errors import ConfigError
from ...base.seeds import stream
from ...phantom.seeds import seed_range
from ...study.lesions import LESION_CLASSES

SEEDS = seed_range("real")[1000:]
"""Of the tissues and places of lesions; no trained network saw this range, and ``sim-real`` uses its beginning."""
RADII_MM = (5.0, 25.0)
LONG_AXIS = 2.2
"""Long axis against the radius of the sphere of equal volume: more than two, for the other axes are shorter (by 0.74 in
volume, in the mean)."""


@dataclass(frozen=True, slots=True)
class PlannedLesion:
    """One lesion that is to be put somewhere."""

    lesion_class: str
    radius_mm: float
    """Of the sphere of its volume, as far as the liver has room."""
    seed: int
    """Of tissues, structure and place."""

    @property
    def long_axis_mm(self) -> float:
        """As the lesion lab asks for it."""
        return round(LONG_AXIS * self.radius_mm, 1)


def plan_lesions(count: int, num_scans: int, *, seed: int = 0) -> list[list[PlannedLesion]]:
    """``count`` lesions for ``num_scans`` scans, as many of each class and in each scan as can be.

    Radii of a class are spread evenly over 5 to 25 mm: one is drawn in each of as many parts of that range as the class
    has lesions.

    Raises:
        ConfigError: for counts that cannot be.
    """
    if not 1 <= count <= len(SEEDS) - seed or num_scans < 1 or seed < 0:
        raise ConfigError(f"Need 1 to {len(SEEDS)} lesions and a scan, got {count} lesions from {seed} on.")
    keys = tuple(LESION_CLASSES)
    plans: list[list[PlannedLesion]] = [[] for _ in range(num_scans)]
    for column, key in enumerate(keys):
        numbers = range(column, count, len(keys))
        rng = stream(seed, "lesion lab", key)
        parts = (rng.permutation(len(numbers)) + rng.random(len(numbers))) / max(1, len(numbers))
        for row, (number, part) in enumerate(zip(numbers, parts, strict=True)):
            radius = round(float(RADII_MM[0] + (RADII_MM[1] - RADII_MM[0]) * part), 2)
            plans[(row + column) % num_scans].append(PlannedLesion(key, radius, int(SEEDS[seed + number])))
    return [[plan[int(k)] for k in np.argsort([p.seed for p in plan], kind="stable")] for plan in plans]
