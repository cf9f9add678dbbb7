"""Hearts and fat in the edge of a liver."""

import dataclasses

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError
from hepaphase.phantom.labels import Organ
from hepaphase.study.phase import Phase
from hepaphase.training.cohort import PreparedCase
from hepaphase.training.neighbors import Neighbors, blood_levels

SHAPE = (26, 30, 28)
BLOOD = {Phase.NC: 42.0, Phase.PVP: 160.0}
ALWAYS = Neighbors(share=1.0)


def liver() -> np.ndarray:
    z, y, x = np.indices(SHAPE)
    return (z - 14) ** 2 + (y - 15) ** 2 + (x - 14) ** 2 < 81


def clean() -> dict[Phase, np.ndarray]:
    inside = liver()
    return {Phase.NC: np.where(inside, 58.0, -50.0), Phase.PVP: np.where(inside, 110.0, -60.0)}


def lesions() -> np.ndarray:
    z, y, x = np.indices(SHAPE)
    return ((z - 8) ** 2 + (y - 15) ** 2 + (x - 14) ** 2 < 10).astype(int)


@pytest.mark.parametrize(("fat_share", "low", "high"), [(0.0, 40.0, 175.0), (1.0, -115.0, -60.0)])
def test_what_is_painted_reaches_into_the_liver_and_looks_as_it_should(
    fat_share: float, low: float, high: float
) -> None:
    reached = 0
    for seed in range(30):
        volumes = clean()
        added = dataclasses.replace(ALWAYS, fat_share=fat_share).paint(
            volumes, liver(), np.zeros(SHAPE, int), BLOOD, np.random.default_rng(seed)
        )
        assert set(added) == set(volumes)
        shown = volumes[Phase.PVP] + added[Phase.PVP]
        changed = (np.abs(added[Phase.NC]) > 4) & liver()
        reached += changed.any()
        assert np.isfinite(shown).all()
        assert shown.min() >= min(low, -61)
        assert shown.max() <= max(high, 111)
        assert not added[Phase.PVP][14, 15, 14], "the middle of the liver lies too deep"
    assert reached > 20


def test_all_phases_are_painted_at_one_place() -> None:
    added = ALWAYS.paint(clean(), liver(), np.zeros(SHAPE, int), BLOOD, np.random.default_rng(3))
    outside = ~liver()
    assert np.array_equal(np.abs(added[Phase.NC][outside]) > 1e-9, np.abs(added[Phase.PVP][outside]) > 1e-9)


def test_lesions_are_never_painted_over() -> None:
    for seed in range(40):
        added = ALWAYS.paint(clean(), liver(), lesions(), BLOOD, np.random.default_rng(seed))
        assert not any(volume[lesions() > 0].any() for volume in added.values())


def test_nothing_is_painted_by_default_or_where_the_aorta_is_not_known() -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    assert Neighbors().paint(clean(), liver(), lesions(), BLOOD, rng) == {}
    assert rng.bit_generator.state == before, "examples of older recipes stay as they were"
    assert ALWAYS.paint(clean(), liver(), lesions(), {}, rng) == {}
    assert ALWAYS.paint({}, liver(), lesions(), BLOOD, rng) == {}
    assert ALWAYS.paint(clean(), np.zeros(SHAPE, bool), lesions(), BLOOD, rng) == {}


def test_the_level_of_blood_is_the_aortas_without_noise() -> None:
    organs = np.full((4, 4, 4), Organ.LIVER)
    organs[0] = Organ.AORTA
    hu = np.where(organs == Organ.AORTA, 150, 100).astype(np.int16)
    case = PreparedCase(
        case="a",
        geometry={},
        hu={Phase.PVP: hu + 7},
        clean_hu={Phase.PVP: hu},
        reference_hu={},
        times_s={},
        masks={"organs": organs},
        lesion_classes={},
        clinical={},
        exam={},
    )
    assert blood_levels(case) == {Phase.PVP: 150.0}
    assert blood_levels(dataclasses.replace(case, masks={})) == {}


@pytest.mark.parametrize("wrong", [{"share": 2.0}, {"fat_share": -0.1}, {"radius_voxels": (3.0, 1.0)}])
def test_neighbors_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Neighbors(**wrong)  # type: ignore[arg-type]
