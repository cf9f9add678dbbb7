import dataclasses

import pytest
import torch

from hepaphase.base.errors import ConfigError
from hepaphase.diagnosis.build import BACKGROUND_BIAS, NetworkConfig, build
from hepaphase.diagnosis.mask_transformer import num_parameters
from hepaphase.diagnosis.query_decoder import QueryOutput, allowed_voxels, pooled
from hepaphase.recipes.reader import recipe

from .tiny import TINY, scan


@torch.no_grad()
def test_shapes_at_every_layer() -> None:
    prediction = build(TINY)(scan(torch.zeros(2, 4, 8, 12, 16)))
    assert len(prediction.outputs) == TINY.num_layers + 1
    assert prediction.final.class_logits.shape == (2, 6, 9)
    assert prediction.mask_features.shape == (2, 8, 8, 12, 16)
    assert prediction.mask_logits().shape == (2, 6, 8, 12, 16)
    assert prediction.voxel_logits is not None and prediction.voxel_logits.shape == (2, 9, 8, 12, 16)


@torch.no_grad()
def test_the_published_form_has_no_semantic_branch_and_stems_at_full_resolution() -> None:
    config = dataclasses.replace(
        TINY, stem_stride=1, semantic_branch=False, contrast=False, norm="group", shared_operator=False
    )
    prediction = build(config)(scan(torch.randn(1, 4, 8, 8, 8), torch.tensor([[False, True, False, True]])))
    assert prediction.voxel_logits is None and config.size_multiple == 2


@torch.no_grad()
def test_studies_of_a_batch_do_not_see_each_other() -> None:
    torch.manual_seed(0)
    network = build(TINY).eval()
    hu = torch.randn(2, 4, 8, 8, 8) * 100
    present = torch.tensor([[True, True, False, True], [False, True, True, True]])
    both = network(scan(hu, present))
    alone = network(scan(hu[1:], present[1:]))
    torch.testing.assert_close(both.final.class_logits[1:], alone.final.class_logits, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(both.mask_logits()[1:], alone.mask_logits(), atol=1e-4, rtol=1e-3)


def test_background_is_likely_before_training() -> None:
    network = build(TINY)
    bias = network.voxel_heads.classes.bias.detach()
    assert float(bias[-1]) == BACKGROUND_BIAS and float(bias[:-1].abs().max()) == 0


def test_a_query_looks_inside_its_mask_or_everywhere() -> None:
    features = torch.zeros(1, 1, 2, 4, 4)
    features[..., :2] = 1.0
    embedding = torch.tensor([[[4.0], [-4.0]]])
    output = QueryOutput(torch.zeros(1, 2, 3), embedding, torch.full((1, 2, 1), -2.0), torch.zeros(1, 2, 4))
    allowed = allowed_voxels(output, pooled(features, [(1, 2, 2)])[0])
    assert allowed[0].tolist() == [[True, False, True, False], [True] * 4]


def test_features_are_averaged_level_by_level() -> None:
    features = torch.randn(2, 3, 8, 12, 16)
    shapes = [(2, 3, 4), (4, 6, 8)]
    for averaged, shape in zip(pooled(features, shapes), shapes, strict=True):
        wanted = torch.nn.functional.adaptive_avg_pool3d(features, shape).flatten(2)
        torch.testing.assert_close(averaged, wanted)


def test_what_ships_fits_seven_megabytes() -> None:
    network = build(recipe().task.network)
    assert num_parameters(network) * 2 < 6.9e6


def test_settings_survive_the_bundle() -> None:
    assert NetworkConfig.from_dict(TINY.to_dict()) == TINY
    plain = {**TINY.to_dict(), "windows_hu": [[-100, 200]], "stage_channels": [16]}
    assert NetworkConfig.from_dict(plain).windows_hu == ((-100.0, 200.0),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 17},
        {"norm": "batch"},
        {"num_queries": 0, "semantic_branch": False},
        {"num_anchors": 2, "semantic_branch": False},
        {"num_queries": -1},
        {"fusion": "late"},
        {"dropout": 1.0},
        {"windows_hu": ((1.0, 0.0),)},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        dataclasses.replace(TINY, **wrong)


def test_a_setting_of_a_later_version_is_named() -> None:
    with pytest.raises(ConfigError, match="anchor"):
        NetworkConfig.from_dict({"anchor": 1})
