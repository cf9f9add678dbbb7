from dataclasses import replace

import numpy as np
import pytest

from hepaphase.phantom.warp import Warp, apply_warp, draw_warp

STILL = Warp(
    center_voxels=(7.5, 9.5, 11.5),
    zoom=(1.0, 1.0, 1.0),
    rotation_rad=(0.0, 0.0, 0.0),
    shear=((0.0, 0.0, 0.0),) * 3,
    elastic_voxels=0.0,
    cell_voxels=8.0,
    seed=0,
)
LABELS = np.random.default_rng(0).integers(0, 5, (16, 20, 24)).astype(np.uint8)


def test_no_deformation_gives_the_map_back() -> None:
    assert np.array_equal(apply_warp(LABELS, STILL, (16, 20, 24)), LABELS)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_middle_of_the_view_is_the_center(axis: int) -> None:
    center = [7.5, 9.5, 11.5]
    center[axis] += 3
    moved = apply_warp(LABELS, replace(STILL, center_voxels=tuple(center)), (16, 20, 24))
    assert np.array_equal(
        moved,
        np.roll(LABELS, -3, axis)
        * (np.arange(LABELS.shape[axis]) < LABELS.shape[axis] - 3).reshape([-1 if a == axis else 1 for a in range(3)]),
    )


def test_zoom_makes_things_bigger() -> None:
    ball = np.zeros((30, 30, 30), np.uint8)
    ball[12:18, 12:18, 12:18] = 1
    warp = replace(STILL, center_voxels=(14.5, 14.5, 14.5), zoom=(2.0, 1.0, 1.0))
    seen = apply_warp(ball, warp, (30, 30, 30))
    assert seen.any(axis=(1, 2)).sum() == 12 and seen.any(axis=(0, 2)).sum() == 6


def test_left_is_never_mirrored() -> None:
    half = np.zeros((20, 20, 40), np.uint8)
    half[..., 25:] = 1
    for seed in range(20):
        warp = draw_warp(np.random.default_rng(seed), center_voxels=(9.5, 9.5, 19.5))
        seen = apply_warp(half, warp, (20, 20, 40))
        assert seen[..., 30:].mean() > seen[..., :10].mean()


def test_is_repeatable() -> None:
    warp = draw_warp(np.random.default_rng(3), center_voxels=(8, 9, 10))
    assert np.array_equal(apply_warp(LABELS, warp, (12, 12, 12)), apply_warp(LABELS, warp, (12, 12, 12)))
