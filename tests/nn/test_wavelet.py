import pytest
import torch

from hepaphase.nn.wavelet import from_bands, to_bands


@pytest.mark.parametrize("shape", [(2, 3, 4, 6, 8), (1, 1, 2, 2, 2), (1, 2, 10, 4, 6)])
def test_bands_give_the_image_back(shape) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    bands = to_bands(x)
    assert bands.shape == (shape[0], 8 * shape[1], *(n // 2 for n in shape[2:]))
    torch.testing.assert_close(from_bands(bands), x)


def test_the_lowest_band_is_the_mean_and_the_rest_is_detail() -> None:
    x = torch.full((1, 2, 4, 4, 4), 3.0)
    x[:, 1] = 7
    bands = to_bands(x).reshape(1, 2, 8, 2, 2, 2)
    torch.testing.assert_close(
        bands[:, :, 0], torch.tensor([3.0, 7.0])[None, :, None, None, None].expand(1, 2, 2, 2, 2)
    )
    assert not bands[:, :, 1:].abs().max() > 1e-6


def test_details_keep_the_energy() -> None:
    x = torch.randn(1, 1, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    bands = to_bands(x)
    energy = 8 * bands[:, 0].square().sum() + bands[:, 1:].square().sum()
    torch.testing.assert_close(energy, x.square().sum())
