import dataclasses

import pytest
import torch

from hepaphase.base.errors import ConfigError
from hepaphase.diagnosis.build import build
from hepaphase.diagnosis.criterion import LossConfig, Targets, class_map, criterion
from hepaphase.diagnosis.mask_transformer import Prediction
from hepaphase.diagnosis.matching import CostConfig
from hepaphase.diagnosis.points import PointConfig
from hepaphase.diagnosis.query_decoder import QueryOutput

from .tiny import TINY, scan

SHAPE = (4, 6, 6)
CONFIG = LossConfig(points=PointConfig(num_points=64))


def targets() -> Targets:
    """One study with two lesions of classes 1 and 0, one without any."""
    labels = torch.zeros(2, *SHAPE, dtype=torch.long)
    labels[0, :2, :2, :2] = 1
    labels[0, 3, 4:, 4:] = 2
    liver = torch.ones(2, *SHAPE, dtype=torch.bool)
    return Targets(labels, (torch.tensor([1, 0]), torch.zeros(0, dtype=torch.long)), liver, ~liver)


def perfect(truth: Targets) -> Prediction:
    """Queries 3 and 1 are the lesions, the others say no object."""
    features = torch.stack([truth.labels == 1, truth.labels == 2], dim=1).float()
    logits = torch.full((2, 5, 3), -20.0)
    logits[..., 2] = 20
    embedding = torch.zeros(2, 5, 2)
    for query, column, key in ((3, 0, 1), (1, 1, 0)):
        logits[0, query] = -20
        logits[0, query, key] = 20
        embedding[0, query, column] = 40
    output = QueryOutput(logits, embedding, torch.full((2, 5, 1), -20.0), torch.zeros(2, 5, 4))
    voxels = torch.full((2, 3, *SHAPE), -20.0)
    voxels[:, 2] = 20 * (1 - 2.0 * (truth.labels > 0))
    voxels[:, 1][truth.labels == 1] = 20
    voxels[:, 0][truth.labels == 2] = 20
    return Prediction([output], features, voxels)


def test_the_right_answer_costs_nothing() -> None:
    truth = targets()
    terms = criterion(perfect(truth), truth, CONFIG, torch.Generator().manual_seed(0))
    assert set(terms) == {"loss", "class", "mask", "dice", "voxel"}
    assert float(terms["loss"]) < 1e-3


@pytest.mark.parametrize("term", ["class", "mask", "voxel"])
def test_each_mistake_shows_in_its_own_term(term: str) -> None:
    truth = targets()
    right = perfect(truth)
    output = right.final
    wrong = {
        "class": Prediction(
            [dataclasses.replace(output, class_logits=output.class_logits[..., [1, 0, 2]])],
            right.mask_features,
            right.voxel_logits,
        ),
        "mask": Prediction(
            [dataclasses.replace(output, embedding=-output.embedding)], right.mask_features, right.voxel_logits
        ),
        "voxel": Prediction([output], right.mask_features, right.voxel_logits.flip(1)),
    }[term]
    by_class = LossConfig(points=CONFIG.points, cost=CostConfig(class_weight=1e4 if term == "mask" else 0))
    terms = criterion(wrong, truth, by_class, torch.Generator().manual_seed(0))
    large = {name for name in ("class", "mask", "voxel") if float(terms[name]) > 0.1}
    assert large == {term}


def test_the_sum_is_weighted() -> None:
    truth = targets()
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, num_classes=2)
    prediction = build(config)(scan(torch.randn(2, 4, *SHAPE[:1], 8, 8) * 50))
    padded = Targets(
        *(torch.nn.functional.pad(truth.labels, (0, 2, 0, 2)), truth.classes),
        torch.ones(2, 4, 8, 8, dtype=torch.bool),
        torch.zeros(2, 4, 8, 8, dtype=torch.bool),
    )
    weights = LossConfig(seg_weight=3, class_weight=2, voxel_weight=0.5, points=CONFIG.points)
    terms = criterion(prediction, padded, weights, torch.Generator().manual_seed(0))
    expected = 3 * (terms["mask"] + terms["dice"]) + 2 * terms["class"] + 0.5 * terms["voxel"]
    torch.testing.assert_close(terms["loss"], expected)


def test_lesions_that_are_ignored_cost_nothing_in_the_semantic_branch() -> None:
    truth = targets()
    prediction = perfect(truth)
    hidden = Targets(
        torch.where(truth.labels == 1, 1, 0), (torch.tensor([1]), truth.classes[1]), truth.liver, truth.labels == 2
    )
    terms = criterion(prediction, hidden, CONFIG, torch.Generator().manual_seed(0))
    assert float(terms["voxel"]) < 1e-3


def test_a_batch_without_lesions_trains_too() -> None:
    torch.manual_seed(0)
    empty = torch.zeros(1, 4, 8, 8, dtype=torch.long)
    truth = Targets(empty, (torch.zeros(0, dtype=torch.long),), empty == 0, empty > 0)
    network = build(TINY)
    terms = criterion(network(scan(torch.randn(1, 4, 4, 8, 8))), truth, CONFIG, torch.Generator())
    terms["loss"].backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)
    assert terms["mask"].item() == 0 and terms["class"].item() > 0


def test_class_map() -> None:
    labels = torch.tensor([[0, 1, 2], [0, 0, 0]])
    classes = (torch.tensor([5, 3]), torch.zeros(0, dtype=torch.long))
    assert class_map(labels, classes, background=8).tolist() == [[8, 5, 3], [8, 8, 8]]


def test_negative_weights_are_refused() -> None:
    with pytest.raises(ConfigError):
        LossConfig(seg_weight=-1)
