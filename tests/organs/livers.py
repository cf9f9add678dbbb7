"""A plain liver about a vena cava, with hepatic veins that can be seen, on a grid of 4 mm."""

from dataclasses import dataclass, replace

import numpy as np

from hepaphase.organs.couinaud import Scan
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase

GRID = Geometry((44, 52, 60), (4.0, 4.0, 4.0), (-150.0, -110.0, -70.0))
AT = (-18.0, 14.0)
"""Where the vena cava runs, x y; straight up."""


@dataclass(frozen=True)
class Places:
    turn: np.ndarray
    away: np.ndarray
    z: np.ndarray


def places() -> Places:
    points = GRID.to_lps_mm(np.moveaxis(np.indices(GRID.shape_zyx), 0, -1))
    x, y = points[..., 0] - AT[0], AT[1] - points[..., 1]
    turn = np.arctan2(y, x)
    return Places(np.where(turn < -np.pi / 3, turn + 2 * np.pi, turn), np.hypot(x, y), points[..., 2])


def liver() -> Scan:
    """From the left around the front to the right and back, up to 85 mm away, 120 mm high; nothing in it."""
    p = places()
    inside = (p.away < np.where(p.turn < 1.2, 55, 85)) & (p.away > 12) & (np.abs(p.z - 10) < 60)
    inside &= (p.turn > 0.3) & (p.turn < 4.1)
    rng = np.random.default_rng(0)
    hu = {Phase.PVP: np.where(inside, 105.0, -60.0) + rng.normal(0, 8, GRID.shape_zyx)}
    nothing = np.zeros(GRID.shape_zyx, bool)
    return Scan(hu=hu, liver=inside, lesions=nothing.astype(int), cava=p.away < 9, gallbladder=nothing, geometry=GRID)


def with_veins(scan: Scan, azimuths, *, entry_mm: float = 50.0, contrast_hu: float = 45.0) -> Scan:
    """Straight veins of 8 mm that leave the vena cava at one height and fall by half as they go outward."""
    p = places()
    hu = np.array(scan.hu[Phase.PVP])
    for turn in azimuths:
        beside = p.away * np.sin(p.turn - turn)
        below = p.z - (entry_mm - 0.5 * p.away)
        vein = (beside**2 + below**2 < 4.5**2) & (np.cos(p.turn - turn) > 0) & (p.away < 66) & scan.liver
        hu[vein] += contrast_hu
    return replace(scan, hu={Phase.PVP: hu})
