"""Vessel trees inside the liver: recursive branching with Murray's law."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..study.geometry import Xyz
from .labels import Organ

SMALLEST_RADIUS_MM = 1.2


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight piece of vessel."""

    organ: Organ
    start: Xyz
    end: Xyz
    radius_mm: float


def grow_tree(
    rng: np.random.Generator, organ: Organ, root: Xyz, direction: Xyz, radius_mm: float, *, scale: float
) -> list[Segment]:
    """A tree from ``root``: each vessel splits in two whose radii keep the sum of cubes (Murray), down to 1.2 mm."""
    pieces: list[Segment] = []
    _grow(rng, organ, np.asarray(root, float) * scale, _unit(direction), radius_mm * scale, pieces)
    return pieces


def _grow(
    rng: np.random.Generator,
    organ: Organ,
    start: npt.NDArray[np.float64],
    direction: npt.NDArray[np.float64],
    radius_mm: float,
    pieces: list[Segment],
) -> None:
    if radius_mm < SMALLEST_RADIUS_MM:
        return
    end = start + direction * radius_mm * rng.uniform(5.0, 8.0)
    pieces.append(Segment(organ, _xyz(start), _xyz(end), radius_mm))
    larger = rng.uniform(0.5, 0.75)  # share of the flow
    side = _unit(np.cross(direction, rng.standard_normal(3)))
    for part, sign in ((larger, 1.0), (1 - larger, -1.0)):
        spread = np.deg2rad(rng.uniform(20, 32) if part == larger else rng.uniform(35, 60))
        turned = _unit(np.cos(spread) * direction + sign * np.sin(spread) * side)
        _grow(rng, organ, end, turned, radius_mm * part ** (1 / 3) * 0.94, pieces)


def _unit(vector: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.asarray(vector, float)
    return np.asarray(values / np.linalg.norm(values))


def _xyz(values: npt.NDArray[np.float64]) -> Xyz:
    x, y, z = values.tolist()
    return (x, y, z)
