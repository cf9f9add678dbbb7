import pytest
import torch

from hepaphase.base.errors import ConfigError
from hepaphase.organs.network import NetworkConfig, OrganNetwork, network_config
from hepaphase.organs.table import CLASSES


def test_one_logit_per_class_and_voxel() -> None:
    network = OrganNetwork(NetworkConfig(channels=(4, 6, 8)))
    logits = network(torch.randn(2, 8, 12, 16) * 300)
    assert logits.shape == (2, len(CLASSES), 8, 12, 16)


def test_the_shipped_size_fits_the_wheel() -> None:
    num = sum(p.numel() for p in OrganNetwork(NetworkConfig()).parameters())
    assert num < 1_400_000


def test_hu_beyond_the_windows_change_nothing() -> None:
    network = OrganNetwork(NetworkConfig(channels=(4, 6))).eval()
    hu = torch.linspace(-3000, 4000, 8 * 8 * 8).reshape(1, 8, 8, 8)
    assert torch.equal(network(hu), network(hu.clamp(-1000, 1500)))


def test_config_survives_json() -> None:
    assert network_config({"channels": [4, 8], "spacing_mm": 6}) == NetworkConfig(channels=(4, 8), spacing_mm=6.0)
    with pytest.raises(ConfigError):
        network_config({"channels": 3})
    with pytest.raises(ConfigError):
        NetworkConfig(channels=())
