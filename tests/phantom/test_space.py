import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaphase.base.seeds import stream
from hepaphase.phantom.space import (
    Places,
    ellipsoid_box,
    ellipsoid_mm,
    read_lattice,
    segment_mm,
    share,
    slabs,
    smooth_values,
)

AXES = (
    np.arange(-30, 31, 3, dtype=np.float32),
    np.arange(-24, 31, 3, dtype=np.float32),
    np.arange(-40, 20, 3, dtype=np.float32),
)


def places() -> Places:
    z, y, x = np.meshgrid(*AXES, indexing="ij")
    return Places(x, y, z)


@given(st.floats(5, 20), st.floats(-8, 8))
def test_distance_to_a_sphere_is_exact(radius_mm: float, shift_mm: float) -> None:
    here = places()
    center = (shift_mm, -shift_mm, 2.0)
    exact = np.sqrt((here.x - center[0]) ** 2 + (here.y - center[1]) ** 2 + (here.z - center[2]) ** 2) - radius_mm
    found = ellipsoid_mm(here, center, (radius_mm, radius_mm, radius_mm))
    far = exact > 1 - radius_mm  # the very middle has no direction
    np.testing.assert_allclose(found[far], exact[far], atol=0.05)


def test_distance_to_a_tube_with_round_ends() -> None:
    here = Places(*(np.array([[[v]]], np.float32) for v in (5.0, 0.0, 0.0)))
    assert segment_mm(here, (0, 0, -10), (0, 0, 10), 2.0).item() == pytest.approx(3.0)
    assert segment_mm(here, (-20, 0, 0), (-5, 0, 0), 2.0).item() == pytest.approx(8.0)


def test_share_of_a_sphere_has_its_volume_at_any_spacing() -> None:
    """A linear edge on a curved surface adds (voxel / radius)^2 / 4 of the volume: 3 % at three voxels of radius."""
    for spacing in (1.0, 2.0, 4.0):
        axis = np.arange(-24, 24, spacing, dtype=np.float32) + spacing / 3
        z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
        part = share(ellipsoid_mm(Places(x, y, z), (0, 0, 0), (12, 12, 12)), spacing)
        assert part.sum() * spacing**3 == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.005 + (spacing / 12) ** 2 / 4)


def test_box_holds_all_that_is_near() -> None:
    here = places()
    box = here.box((-10.0, 6.0, 9.0), (7.0, 5.0, 6.0))
    near = (np.abs(here.x + 10) <= 7) & (np.abs(here.y - 6) <= 5) & (np.abs(here.z - 9) <= 6)
    kept = np.zeros_like(near)
    kept[box] = True
    assert near.any() and not (near & ~kept).any() and kept.sum() < 4 * near.sum()


half_axis = st.floats(3, 60)


@given(half_axis, half_axis, st.floats(3, 1000), st.floats(1, 6))
def test_nothing_of_an_ellipsoid_lies_outside_its_box(a: float, b: float, c: float, width_mm: float) -> None:
    here, center, half = places(), (-12.0, 4.0, 3.0), (a, b, c)
    part = share(ellipsoid_mm(here, center, half), width_mm)
    part[ellipsoid_box(here, center, half, width_mm)] = 0
    assert not part.any()


def test_a_grid_is_taken_in_runs_without_gap_or_overlap() -> None:
    for shape in ((7, 300, 300), (40, 9, 8), (64, 128, 128)):
        seen = np.zeros(shape[0], int)
        for run in slabs(shape):
            seen[run] += 1
        assert (seen == 1).all()


def test_smooth_field_is_the_same_wherever_it_is_read_and_keeps_its_spread() -> None:
    values = smooth_values(stream(1, "test"), sd=3.0, lattice_mm=20.0)
    whole = read_lattice(values, AXES)
    z, y, x = AXES
    np.testing.assert_allclose(read_lattice(values, (z[4:9], y[2:], x[::2])), whole[4:9, 2:, ::2], rtol=1e-4, atol=1e-4)
    wide = np.arange(-300, 300, 7, dtype=np.float32)
    assert read_lattice(values, (wide, wide, wide)).std() == pytest.approx(3.0, rel=0.1)
