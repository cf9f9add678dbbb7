import numpy as np
import pytest

from hepaphase.organs.checks import check_liver, is_cut_off
from hepaphase.study.geometry import Geometry

GEOMETRY = Geometry((40, 50, 60), (6.0, 6.0, 6.0), (10.0, -20.0, 5.0))
BODY = np.zeros((40, 50, 60), np.uint8)
BODY[:, 5:45, 5:55] = 1


def _liver(*, x: tuple[int, int] = (10, 25), z: tuple[int, int] = (10, 30)) -> np.ndarray:
    liver = np.zeros_like(BODY)
    liver[z[0] : z[1], 10:30, x[0] : x[1]] = 1
    return liver


def test_a_plausible_liver_raises_nothing() -> None:
    assert check_liver(_liver(), BODY, GEOMETRY) == []


@pytest.mark.parametrize(
    ("liver", "word"),
    [
        (np.zeros_like(BODY), "No liver"),
        (_liver(x=(36, 50)), "left"),
        (_liver(z=(10, 12)), "plausible"),
        (_liver(z=(0, 4)), "field of view"),
        (_liver(x=(10, 29), z=(1, 39)) | BODY, "plausible"),
        (_liver() | np.roll(_liver(z=(10, 18)), 22, axis=0), "pieces"),
    ],
)
def test_an_odd_liver_is_named(liver: np.ndarray, word: str) -> None:
    assert any(word in warning for warning in check_liver(liver, BODY, GEOMETRY))


def test_a_mirrored_grid_is_judged_in_the_patient() -> None:
    mirrored = Geometry(
        (40, 50, 60), (6.0, 6.0, 6.0), (300.0, -20.0, 5.0), ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    )
    assert check_liver(_liver()[..., ::-1].copy(), BODY, mirrored) == []
    assert any("left" in warning for warning in check_liver(_liver(), BODY, mirrored))


def test_cut_off() -> None:
    assert is_cut_off(_liver(z=(0, 20)) > 0) and not is_cut_off(_liver() > 0)
