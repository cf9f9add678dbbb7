import pytest
import torch

from hepaphase.nn.swin import SwinBlock, _join, _split, fitting_window


@pytest.mark.parametrize("shape", [(2, 8, 8), (4, 6, 10), (1, 3, 5)])
def test_windows_are_put_back_where_they_were(shape) -> None:
    x = torch.randn(2, *shape, 3)
    size = fitting_window(shape, (2, 4, 4))
    assert all(n % w == 0 for n, w in zip(shape, size, strict=True))
    assert torch.equal(_join(_split(x, size), shape, size, 2), x)


@pytest.mark.parametrize("shifted", [False, True])
def test_a_voxel_sees_its_window_and_no_other(shifted: bool) -> None:
    torch.manual_seed(0)
    block = SwinBlock(8, 2, (2, 4, 4), shifted=shifted).eval()
    x = torch.randn(1, 4, 8, 8, 8)
    moved = x.clone()
    moved[0, 0, 0, 0, 0] += 1
    seen = (block(x) - block(moved)).detach().abs().sum(-1)[0] > 1e-6
    expected = torch.zeros(4, 8, 8, dtype=torch.bool)
    if shifted:
        expected[:1, :2, :2] = True  # shifted by (1, 2, 2): the corner is a window of its own, nothing rolls round
    else:
        expected[:2, :4, :4] = True
    assert torch.equal(seen, expected)


def test_a_dropped_path_leaves_the_exam_alone() -> None:
    torch.manual_seed(0)
    block = SwinBlock(8, 2, (2, 4, 4), shifted=False, drop=0.999999)
    x = torch.randn(3, 2, 4, 4, 8)
    assert torch.equal(block(x), x) and not torch.equal(block.eval()(x), x)
