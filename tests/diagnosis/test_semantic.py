import torch

from hepaphase.diagnosis.mask_transformer import Prediction
from hepaphase.diagnosis.query_decoder import QueryOutput
from hepaphase.diagnosis.semantic import query_semantic, semantic


def test_one_sure_query_gives_its_class_inside_its_mask_and_background_outside() -> None:
    classes = torch.tensor([[[20.0, 0, 0], [0, 0, 20.0]]])
    masks = torch.full((1, 2, 1, 1, 4), -20.0)
    masks[0, :, 0, 0, :2] = 20
    out = query_semantic(classes, masks)
    assert out.shape == (1, 3, 1, 1, 4)
    torch.testing.assert_close(out[0, 0, 0, 0], torch.tensor([1.0, 1, 0, 0]), atol=1e-4, rtol=0)
    torch.testing.assert_close(out[0, 2, 0, 0], torch.tensor([0.0, 0, 1, 1]), atol=1e-4, rtol=0)


def test_it_sums_to_one_and_matches_the_formula_voxel_by_voxel() -> None:
    rng = torch.Generator().manual_seed(0)
    classes, masks = torch.randn(1, 5, 4, generator=rng), torch.randn(1, 5, 2, 2, 2, generator=rng)
    out = query_semantic(classes, masks)
    torch.testing.assert_close(out.sum(1), torch.ones(1, 2, 2, 2))
    p, m = classes[0].softmax(1), masks[0, :, 1, 0, 1].sigmoid()
    background = torch.prod(1 - (1 - p[:, 3]) * m)
    share = (p[:, :3] * m[:, None]).sum(0)
    torch.testing.assert_close(out[0, :3, 1, 0, 1], (1 - background) * share / share.sum())


def test_the_share_of_the_semantic_branch() -> None:
    rng = torch.Generator().manual_seed(0)
    output = QueryOutput(
        torch.randn(1, 2, 4, generator=rng),
        torch.randn(1, 2, 3, generator=rng),
        torch.zeros(1, 2, 1),
        torch.zeros(1, 2, 3),
    )
    features = torch.randn(1, 3, 2, 2, 2, generator=rng)
    logits = torch.randn(1, 4, 2, 2, 2, generator=rng)
    prediction = Prediction([output], features, logits)
    queries, voxels = semantic(prediction, voxel_share=0), semantic(prediction, voxel_share=1)
    torch.testing.assert_close(voxels, logits.softmax(1))
    torch.testing.assert_close(semantic(prediction, voxel_share=0.25), 0.75 * queries + 0.25 * voxels)
    without = Prediction([output], features, None)
    torch.testing.assert_close(semantic(without, voxel_share=0.5), queries)
