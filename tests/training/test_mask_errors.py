"""A liver mask whose edge is drawn elsewhere."""

import numpy as np
import pytest
from scipy import ndimage

from hepaphase.base.errors import ConfigError
from hepaphase.training.mask_errors import MaskErrors


def ball(shape: tuple[int, ...] = (24, 28, 26), radius: float = 8.0) -> np.ndarray:
    z, y, x = np.indices(shape)
    return (z - 12) ** 2 + (y - 13) ** 2 + (x - 11) ** 2 < radius**2


def test_the_edge_moves_both_ways_and_not_far() -> None:
    liver = ball()
    outside, inside = ndimage.distance_transform_edt(~liver), ndimage.distance_transform_edt(liver)
    gained, lost = [], []
    for seed in range(20):
        moved = MaskErrors(share=1.0).apply(liver, np.zeros(liver.shape, int), np.random.default_rng(seed))
        gained.append((moved & ~liver).sum())
        lost.append((liver & ~moved).sum())
        assert not (moved & (outside > 15)).any()
        assert moved[inside > 5].all()
    assert np.mean(gained) > np.mean(lost) > 0


def test_lesions_stay_inside() -> None:
    liver = ball()
    lesions = (liver & ~ndimage.binary_erosion(liver)).astype(int)
    for seed in range(10):
        moved = MaskErrors(share=1.0, inwards_voxels=3.0).apply(liver, lesions, np.random.default_rng(seed))
        assert moved[lesions > 0].all()


def test_nothing_happens_by_default_or_without_an_edge() -> None:
    liver = ball()
    nothing = np.zeros(liver.shape, int)
    assert MaskErrors().apply(liver, nothing, np.random.default_rng(0)) is liver
    for whole in (np.ones_like(liver), np.zeros_like(liver)):
        assert MaskErrors(share=1.0).apply(whole, nothing, np.random.default_rng(0)) is whole


@pytest.mark.parametrize("wrong", [{"share": 1.5}, {"outwards_voxels": -1.0}])
def test_errors_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        MaskErrors(**wrong)
