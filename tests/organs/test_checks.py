import numpy as np
import pytest

from hepaphase.organs.checks import check_liver, check_organs, is_cut_off
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


def _organs() -> dict[str, tuple[np.ndarray, Geometry]]:
    """Boxes of plausible size: x grows to the left of the patient."""
    spans = {
        "liver": ((10, 30), (10, 30), (8, 25)),
        "spleen": ((15, 25), (25, 35), (44, 52)),
        "aorta": ((5, 35), (30, 33), (31, 34)),
        "vena_cava": ((5, 35), (30, 33), (26, 29)),
        "portal_vein": ((18, 22), (20, 24), (27, 30)),
    }
    masks = {name: np.zeros_like(BODY) for name in (*spans, "kidneys")}
    for name, (z, y, x) in spans.items():
        masks[name][slice(*z), slice(*y), slice(*x)] = 1
    for x in (20, 40):
        masks["kidneys"][6:16, 34:40, x : x + 7] = 1
    return {name: (mask, GEOMETRY) for name, mask in masks.items()}


def test_plausible_organs_raise_nothing() -> None:
    assert check_organs(_organs()) == []


@pytest.mark.parametrize(
    ("name", "change", "word"),
    [
        ("spleen", lambda m: m[..., ::-1], "right of the liver"),
        ("aorta", lambda m: np.roll(m, -12, axis=2), "right of the vena cava"),
        ("spleen", lambda m: m * 0, "spleen is empty"),
        (
            "portal_vein",
            lambda m: m | np.roll(m, 9, axis=1) | BODY * (np.arange(60) > 48),
            "portal vein holds",
        ),
        ("kidneys", lambda m: m | np.roll(m, 14, axis=0), "kidneys falls into 4 pieces"),
        ("spleen", lambda m: m | np.roll(m, -24, axis=2), "liver and spleen overlap"),
    ],
)
def test_an_odd_organ_is_named(name, change, word) -> None:
    masks = _organs()
    masks[name] = (np.ascontiguousarray(change(masks[name][0])), GEOMETRY)
    assert any(word in warning for warning in check_organs(masks))


def test_the_edge_of_the_view_is_no_fault() -> None:
    masks = _organs()
    masks["spleen"] = (masks["spleen"][0] * (np.arange(40) < 16)[:, None, None], GEOMETRY)
    assert check_organs(masks) != []
    low = Geometry((16, 50, 60), (6.0, 6.0, 6.0), (10.0, -20.0, 5.0))
    cut = {name: (mask[:16], low) for name, (mask, _) in masks.items()}
    assert not any("spleen holds" in warning for warning in check_organs(cut))
