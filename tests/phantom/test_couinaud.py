import numpy as np
import pytest

from hepaphase.phantom.couinaud import Couinaud, frame, segment_map

TILTED = (0.05, -0.12, np.sqrt(1 - 0.05**2 - 0.12**2))
BORDERS = Couinaud(
    apex=(-18.0, 14.0, 60.0),
    axis=TILTED,
    left_rad=0.8,
    middle_rad=1.7,
    right_rad=2.6,
    portal_z_mm=-5.0,
    left_z_mm=18.0,
    caudate=((-12.0, 8.0, 18.0), (24.0, 24.0, 36.0)),
    hilum=(-34.0, -2.0, -6.0),
    umbilical=(20.0, -20.0, 18.0),
)


def at(azimuth: float, out_mm: float, z_mm: float) -> np.ndarray:
    """A point so far from the cava."""
    up = np.array(TILTED)
    return np.array(BORDERS.apex) + (z_mm - BORDERS.apex[2]) / up[2] * up + out_mm * BORDERS.outward(azimuth)


@pytest.mark.parametrize(
    ("azimuth", "z_mm", "segment"),
    [(0.4, 50, 2), (0.4, -20, 3), (1.2, 40, 4), (1.2, -40, 4), (2.1, 50, 8), (2.1, -60, 5), (3.2, 50, 7), (3.2, -60, 6),
     (4.2, 50, 7)],
)  # fmt: skip
def test_sectors_and_heights_name_segments(azimuth: float, z_mm: float, segment: int) -> None:
    assert BORDERS.label(at(azimuth, 60.0, z_mm)) == segment


def test_the_caudate_lies_between_its_fissure_and_the_cava() -> None:
    assert BORDERS.label(np.array([-10.0, 10.0, 20.0])) == 1
    assert BORDERS.label(np.array([-10.0, -14.0, 20.0])) != 1  # in front of the fissure
    assert BORDERS.label(np.array([-33.0, 12.0, 20.0])) != 1  # right of the cava


def test_azimuths_and_directions_agree_and_the_frame_is_square() -> None:
    for azimuth in (-0.9, 0.3, 1.7, 3.0, 4.5, 5.1):
        point = np.array(BORDERS.apex) + 33 * BORDERS.outward(azimuth) - 12 * np.array(TILTED)
        assert BORDERS.azimuth_rad(point) == pytest.approx(azimuth)
    left, front = frame(TILTED)
    np.testing.assert_allclose(
        [left @ front, left @ TILTED, front @ TILTED, left @ left, front @ front], [0, 0, 0, 1, 1], atol=1e-12
    )
    assert left[0] > 0.9 and front[1] < -0.9


def test_every_voxel_of_the_liver_has_one_segment_and_no_other_has() -> None:
    axis = np.arange(-90, 91, 12, dtype=np.float32)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    liver = ((x + 30) ** 2 + y**2 + z**2 < 80**2).astype(np.uint8)
    segments = segment_map(BORDERS, liver, x, y, z)
    assert ((segments > 0) == (liver > 0)).all()
    assert set(np.unique(segments)) == set(range(9))
