import pytest
import torch

from hepaphase.nn.conv import ConvNormAct, ResidualBlock, make_norm, upsample_to


@pytest.mark.parametrize("norm", ["instance", "group", "batch", "none"])
def test_a_block_keeps_the_size_or_halves_it(norm: str) -> None:
    x = torch.randn(2, 3, 4, 6, 8)
    assert ConvNormAct(3, 8, norm=norm)(x).shape == (2, 8, 4, 6, 8)
    assert ConvNormAct(3, 8, stride=2, norm=norm)(x).shape == (2, 8, 2, 3, 4)


@torch.no_grad()
def test_group_norm_keeps_what_instance_norm_removes() -> None:
    """A constant offset of one channel against its neighbors is absolute HU; only the group norm hands it on."""
    x = torch.randn(1, 8, 4, 4, 4)
    x[:, 0] += 5
    assert abs(float(make_norm("instance", 8)(x)[:, 0].mean())) < 1e-4
    assert float(make_norm("group", 8)(x)[:, 0].mean()) > 1


@torch.no_grad()
def test_batch_norm_keeps_what_tells_one_patient_from_another() -> None:
    x = torch.randn(2, 4, 4, 4, 4)
    x[1] += 5
    assert abs(float(make_norm("instance", 4)(x)[1].mean())) < 1e-4
    assert float(make_norm("batch", 4)(x)[1].mean()) > 0.8


def test_a_residual_block_with_a_silent_second_half_is_its_shortcut() -> None:
    block = ResidualBlock(8, norm="group")
    torch.nn.init.zeros_(block.second.weight)
    x = torch.rand(1, 8, 4, 4, 4)
    torch.testing.assert_close(block(x), x)


def test_upsampling_repeats_voxels() -> None:
    x = torch.arange(8.0).reshape(1, 1, 2, 2, 2)
    up = upsample_to(x, torch.zeros(1, 1, 4, 4, 4))
    assert torch.equal(up[..., ::2, ::2, ::2], x) and torch.equal(up[..., 1::2, 1::2, 1::2], x)


def test_without_normalisation_a_deep_stack_keeps_its_scale() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 16, 12, 12, 12)
    for _ in range(4):
        x = ResidualBlock(16, norm="none")(ConvNormAct(16, 16, norm="none")(x))
    assert 0.3 < float(x.detach().std()) < 3
