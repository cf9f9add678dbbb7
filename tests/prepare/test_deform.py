import numpy as np
from scipy import ndimage

from hepaphase.prepare.deform import BendConfig, bend, likeness


def texture(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 1.5)
    return (100 * smooth / smooth.std()).astype(np.float32)


def test_likeness_minds_places_not_brightness() -> None:
    one = texture((20, 24, 28))
    weight = np.ones_like(one)
    assert likeness(one, one, weight) > 0.9
    assert likeness(one, 300 - 0.4 * one, weight) > 0.9
    assert likeness(one, texture(one.shape, seed=1), weight) < 0.3


def test_only_weighted_voxels_count() -> None:
    one = texture((16, 20, 20))
    other = one.copy()
    other[:, :, 12:] = texture(one.shape, seed=2)[:, :, 12:]
    weight = np.zeros_like(one)
    weight[:, :, :8] = 1
    assert likeness(one, other, weight) > 0.9 > likeness(one, other, 1 - weight)


def test_a_smooth_bend_is_found_to_half_a_voxel() -> None:
    fixed = texture((24, 28, 32))
    grid = np.indices(fixed.shape).astype(float)
    true = np.stack([1.5 * np.sin(grid[2] / 9), 1.0 * np.cos(grid[1] / 8), 0 * grid[0]])
    moving = ndimage.map_coordinates(fixed, grid - true, order=1, mode="nearest").astype(np.float32)
    inner = (slice(4, -4),) * 3
    found = bend(fixed, moving, np.ones_like(fixed), spacing_mm=3.0, config=BendConfig(knot_mm=12.0))
    assert np.abs(found - true)[:, *inner].mean() < 0.5
    assert np.abs(true)[:, *inner].mean() > 0.5


def test_two_noises_are_not_bent_far() -> None:
    rng = np.random.default_rng(0)
    one, two = (rng.normal(0, 8, (20, 24, 24)).astype(np.float32) for _ in range(2))
    field = bend(one, two, np.ones_like(one), spacing_mm=3.0)
    assert np.abs(field).mean() < 1.0
