import numpy as np
import pytest
import torch

from hepaphase.base.errors import BundleError, UnknownNameError
from hepaphase.bundle.bundle import Bundle
from hepaphase.organs.network import NetworkConfig, OrganNetwork
from hepaphase.organs.segment import CoarseOrgans, coarse_grid, organ_mask, predict_organs, segment_organs
from hepaphase.organs.table import CLASSES
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Provenance
from hepaphase.study.study import PhaseVolume

CENTER_MM = np.array([12.0, -30.0, 55.0])
TURN = np.deg2rad(25)
OBLIQUE = (
    (float(np.cos(TURN)), 0.0, float(np.sin(TURN))),
    (0.0, 1.0, 0.0),
    (-float(np.sin(TURN)), 0.0, float(np.cos(TURN))),
)
FLIPPED = ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0))
SAGITTAL = ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
GRIDS = {
    "thin": ((70, 60, 52), (2.5, 2.0, 2.0), None),
    "thick": ((16, 70, 64), (2.0, 2.2, 8.0), None),
    "oblique": ((60, 56, 64), (2.5, 2.5, 2.6), OBLIQUE),
    "flipped": ((44, 64, 60), (2.2, 2.4, 3.1), FLIPPED),
    "sagittal": ((62, 50, 58), (2.3, 2.9, 2.5), SAGITTAL),
}


def _geometry(name: str) -> Geometry:
    """A grid whose middle lies at CENTER_MM."""
    shape, spacing, direction = GRIDS[name]
    direction = direction or ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    half = (np.array(shape[::-1]) - 1) / 2 * np.array(spacing)
    origin = CENTER_MM - np.asarray(direction) @ half
    return Geometry(shape, spacing, tuple(float(v) for v in origin), direction)


def _distance_mm(geometry: Geometry) -> np.ndarray:
    index = np.moveaxis(np.indices(geometry.shape_zyx), 0, -1)
    return np.linalg.norm(geometry.to_lps_mm(index) - CENTER_MM, axis=-1)


def _volume(geometry: Geometry, hu: float = 60.0) -> PhaseVolume:
    return PhaseVolume(np.full(geometry.shape_zyx, hu, np.float32), geometry, Provenance.MEASURED)


def _ball(geometry: Geometry, name: str, radius_mm: float) -> CoarseOrgans:
    """What a perfect network would say of a ball around CENTER_MM."""
    grid = coarse_grid(geometry, 6.0)
    share = np.clip((radius_mm - _distance_mm(grid)) / 6.0 + 0.5, 0, 1).astype(np.float32)
    probabilities = np.zeros((len(CLASSES), *grid.shape_zyx), np.float32)
    probabilities[CLASSES.index(name)] = share
    probabilities[0] = 1 - share
    return CoarseOrgans(probabilities, grid)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("name", ["liver", "stomach", "body"])
def test_masks_lie_where_the_organ_is_on_any_grid(grid: str, name: str) -> None:
    geometry = _geometry(grid)
    mask = organ_mask(_ball(geometry, name, 40.0), name, _volume(geometry))
    truth = _distance_mm(geometry) < 40.0
    assert mask.dtype == np.uint8 and mask.shape == geometry.shape_zyx
    assert 2 * (mask * truth).sum() / (mask.sum() + truth.sum()) > 0.96


@pytest.mark.parametrize("grid", GRIDS)
def test_the_coarse_grid_covers_the_volume(grid: str) -> None:
    geometry = _geometry(grid)
    coarse = coarse_grid(geometry, 6.0)
    index = coarse.to_index_zyx(geometry.corners_lps_mm())
    assert (index > -0.51).all() and (index < np.array(coarse.shape_zyx) - 0.49).all()
    assert np.allclose(coarse.direction, np.eye(3))


def test_other_pieces_and_holes_are_gone() -> None:
    geometry = _geometry("thin")
    coarse = _ball(geometry, "liver", 30.0)
    liver = coarse.probabilities[CLASSES.index("liver")]
    middle = np.unravel_index(liver.argmax(), liver.shape)
    liver[middle] = 0.0
    liver[0, 0, 0] = 1.0
    mask = organ_mask(coarse, "liver", _volume(geometry)) > 0
    center = np.round(geometry.to_index_zyx(CENTER_MM)).astype(int)
    assert mask[tuple(center)] and not mask[0, 0, 0]


def test_an_absent_organ_gives_an_empty_mask() -> None:
    geometry = _geometry("thick")
    mask = organ_mask(_ball(geometry, "liver", 30.0), "spleen", _volume(geometry))
    assert mask.shape == geometry.shape_zyx and not mask.any()


def _bundle(classes: tuple[str, ...] = CLASSES) -> Bundle:
    torch.manual_seed(0)
    network = OrganNetwork(NetworkConfig(channels=(4, 6)))
    return Bundle(
        kind="organs",
        config={"channels": [4, 6], "spacing_mm": 6.0},
        classes=classes,
        weights={name: tensor.detach() for name, tensor in network.state_dict().items()},
    )


def test_probabilities_sum_to_one_and_air_is_background() -> None:
    network = OrganNetwork(NetworkConfig(channels=(4, 6))).eval()
    geometry = _geometry("flipped")
    hu = np.where(_distance_mm(geometry) < 35, 40, -1000).astype(np.float32)
    coarse = predict_organs(hu, geometry, network)
    assert coarse.geometry.matches(coarse_grid(geometry, 6.0))
    assert np.allclose(coarse.probabilities.sum(axis=0), 1, atol=1e-5)
    assert coarse.of("background")[0, 0, 0] == 1


def test_masks_are_repeatable_and_on_the_grid() -> None:
    volume = _volume(_geometry("oblique"))
    one, two = (segment_organs(volume, _bundle(), names=("liver", "body", "spleen")) for _ in range(2))
    for name, mask in one.items():
        assert mask.shape == volume.geometry.shape_zyx and np.array_equal(mask, two[name])


def test_a_bundle_of_other_organs_is_refused() -> None:
    with pytest.raises(BundleError, match="class table"):
        segment_organs(_volume(_geometry("thin")), _bundle(classes=("background", "liver")))
    with pytest.raises(UnknownNameError, match="spleen"):
        segment_organs(_volume(_geometry("thin")), _bundle(), names=("spleeen",))
