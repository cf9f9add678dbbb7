import pytest
import torch

from hepaphase.base.errors import ConfigError
from hepaphase.diagnosis.points import PointConfig, common_points, least_certain, own_points, sample_voxels

CONFIG = PointConfig(num_points=40, oversample=3, importance=0.5, foreground=0.25, liver=0.5)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_counts() -> None:
    assert (CONFIG.num_own, CONFIG.num_uncertain, CONFIG.num_common) == (10, 20, 120)


def test_at_least_the_livers_share_of_candidates_lies_in_the_liver() -> None:
    liver = torch.zeros(10_000, dtype=torch.bool)
    liver[:50] = True
    points = common_points(liver, CONFIG, generator())
    assert points.shape == (120,)
    assert 60 <= int((points < 50).sum()) <= 65


def test_without_a_liver_points_come_from_anywhere() -> None:
    points = common_points(torch.zeros(500, dtype=torch.bool), CONFIG, generator())
    assert points.shape == (120,) and len(points.unique()) > 90


def test_own_points_lie_in_their_lesion_even_if_it_is_one_voxel() -> None:
    labels = torch.zeros(300, dtype=torch.long)
    labels[7] = 1
    labels[20:60] = 2
    points = own_points(labels, 2, 10, generator())
    assert points.shape == (2, 10)
    assert torch.equal(labels[points], torch.tensor([[1] * 10, [2] * 10]))


def test_features_are_those_of_the_drawn_voxels() -> None:
    labels = torch.randint(0, 3, (200,), generator=generator())
    features = torch.stack([labels.float(), torch.arange(200.0)], dim=1)
    drawn = sample_voxels(features, labels, labels > 0, CONFIG, generator())
    assert torch.equal(drawn.common_features[0], drawn.common_labels.float())
    assert torch.equal(drawn.own_features[:, 0], torch.tensor([[1.0] * 10, [2.0] * 10]))


def test_the_least_certain_come_first_then_uniform_ones() -> None:
    logits = torch.linspace(-6, 6, 120)[None]
    picked = least_certain(logits, CONFIG)
    assert picked.shape == (1, 30)
    assert set(picked[0, :20].tolist()) == set(range(50, 70))
    assert picked[0, 20:].tolist() == list(range(10))


@pytest.mark.parametrize("wrong", [{"importance": 0.9, "foreground": 0.2}, {"oversample": 0.5}, {"liver": 1.5}])
def test_shares_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        PointConfig(**wrong)
