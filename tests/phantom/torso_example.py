"""A few organs of simple shapes on 3 mm cubes, for tests of what is built around them."""

import numpy as np

from hepaphase.phantom.labels import Organ
from hepaphase.phantom.torso import Labels


def example_organs() -> Labels:
    """Liver right, spleen and stomach left, kidneys behind, aorta in the middle; (z, y, x), LPS axes."""
    out = np.zeros((70, 52, 88), np.uint8)
    z, y, x = np.ogrid[:70, :52, :88]

    def ball(organ: Organ, center: tuple[int, int, int], half: tuple[int, int, int]) -> None:
        inside = sum(((a - c) / h) ** 2 for a, c, h in zip((z, y, x), center, half, strict=True)) < 1
        out[inside] = organ

    ball(Organ.STOMACH, (40, 18, 60), (10, 10, 12))
    ball(Organ.LIVER, (40, 24, 24), (18, 20, 22))
    ball(Organ.SPLEEN, (38, 36, 78), (10, 8, 6))
    ball(Organ.KIDNEY, (26, 40, 26), (14, 7, 7))
    ball(Organ.KIDNEY, (26, 40, 62), (14, 7, 7))
    out[:, 36:42, 43:49] = Organ.AORTA
    return out
