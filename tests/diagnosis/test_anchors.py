import torch

from hepaphase.diagnosis.anchors import AnchorQueries, component_means, components


def blobs() -> torch.Tensor:
    mask = torch.zeros(6, 8, 8, dtype=torch.bool)
    mask[0:2, 0:2, 0:2] = True  # 8 voxels
    mask[4, 4:7, 4:7] = True  # 9
    mask[0, 7, 7] = True  # 1, too small
    mask[2, 5, 0:3] = True  # 3
    return mask


def test_components_are_numbered_from_the_largest_without_single_voxels() -> None:
    labels = components(blobs(), at_most=20)
    assert torch.bincount(labels.flatten())[1:].tolist() == [9, 8, 3]
    assert torch.bincount(components(blobs(), at_most=1).flatten())[1:].tolist() == [9]


def test_an_anchor_is_the_mean_feature_of_its_component_and_the_others_are_learned() -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 3, 6, 8, 8)
    logits = torch.full((2, 4, 6, 8, 8), -20.0)
    logits[:, -1] = 20
    logits[0, 1][blobs()] = 60  # the second study shows nothing
    anchors = AnchorQueries(5, 3, 7)
    queries = anchors(features, logits)
    labels = components(blobs(), at_most=5)
    means = torch.stack([features[0][:, labels == k].mean(1) for k in (1, 2, 3)])
    torch.testing.assert_close(component_means(features[0], labels), means)
    torch.testing.assert_close(queries[0, :3], anchors.project(means))
    assert torch.equal(queries[0, 3:], anchors.spare.weight[3:])
    assert torch.equal(queries[1], anchors.spare.weight)
