import numpy as np
import pytest

from hepaphase.phantom.labels import Organ
from hepaphase.phantom.torso import Labels, Torso, draw_torso, surround

from .torso_example import example_organs


@pytest.fixture(scope="module", params=[0, 1, 2])
def torso(request: pytest.FixtureRequest) -> Torso:
    return draw_torso(np.random.default_rng(request.param))


@pytest.fixture(scope="module")
def labels(torso: Torso) -> Labels:
    return surround(example_organs(), torso)


def test_organs_are_kept_where_they_were(labels: Labels) -> None:
    organs = example_organs()
    inner = labels[:, 20:-44, 24:-24]
    assert np.array_equal(inner[organs > 0], organs[organs > 0])


def test_every_part_of_a_body_is_there(labels: Labels) -> None:
    for organ in (Organ.FAT, Organ.MUSCLE, Organ.BONE, Organ.LUNG, Organ.SOFT_TISSUE, Organ.HEART):
        assert (labels == organ).sum() > 100, organ


def test_the_lungs_lie_above_the_liver(labels: Labels) -> None:
    liver_z, lung_z = (np.argwhere(labels == organ)[:, 0] for organ in (Organ.LIVER, Organ.LUNG))
    assert lung_z.mean() > np.quantile(liver_z, 0.9)


def test_the_spine_lies_behind_the_aorta(labels: Labels) -> None:
    middle = labels[35]
    aorta_y = np.argwhere(middle == Organ.AORTA)[:, 0]
    columns = np.flatnonzero((middle == Organ.AORTA).any(axis=0))
    bone = np.argwhere(middle[:, columns[0] - 4 : columns[-1] + 4] == Organ.BONE)[:, 0]
    assert np.median(bone) > aorta_y.max()


def test_skin_surrounds_everything(labels: Labels) -> None:
    inside = np.argwhere(labels == Organ.SOFT_TISSUE)
    for z, y, x in inside[:: len(inside) // 50]:
        column = labels[z, :, x]
        assert (column[:y] == Organ.FAT).any() and (column[y:] == Organ.FAT).any()
