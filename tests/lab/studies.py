"""Simulated patients on the bench, with the truth about their vessels."""

from functools import cache

import numpy as np

from hepaphase.lab.bench import Bench, set_up
from hepaphase.phantom.grids import Grid
from hepaphase.phantom.labels import Organ
from hepaphase.phantom.simulate import SimulatedCase, simulate

GRIDS = {
    3: Grid(shape_zyx=(48, 64, 64), spacing_zyx_mm=(4.0, 4.0, 4.0)),
    7: Grid(shape_zyx=(40, 84, 80), spacing_zyx_mm=(5.0, 3.0, 3.2)),
    8: Grid(shape_zyx=(56, 60, 72), spacing_zyx_mm=(3.5, 4.5, 4.0)),
}
"""Lesion-free patients, each on a grid of its own."""


@cache
def simulated(seed: int) -> SimulatedCase:
    return simulate(seed, grid=GRIDS.get(seed, "liver"))


def masks(seed: int) -> dict[str, np.ndarray]:
    organs = simulated(seed).truth.organs
    return {"aorta": organs == Organ.AORTA, "portal_vein": organs == Organ.PORTAL_VEIN}


@cache
def bench(seed: int) -> Bench:
    return set_up(simulated(seed).study, None, masks=masks(seed))
