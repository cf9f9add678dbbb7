import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from hepaphase.base.errors import BundleError
from hepaphase.bundle.bundle import FORMAT, KINDS, Bundle, shipped
from hepaphase.bundle.card import Card


def network(features: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, features), nn.BatchNorm1d(features))


def bundle(net: nn.Module | None = None, **changes: object) -> Bundle:
    fields = {
        "kind": "diagnosis",
        "config": {"features": 3, "shape": [4, 5]},
        "classes": ("hcc", "cyst"),
        "weights": (net or network()).state_dict(),
        "card": Card(title="A model", seed=4).to_dict(),
    }
    return Bundle(**{**fields, **changes})


def test_everything_comes_back(tmp_path: Path) -> None:
    net = network()
    saved = bundle(net)
    path = saved.save(tmp_path / "model.hepa")
    loaded = Bundle.load(path, kind="diagnosis")
    assert (loaded.kind, loaded.config, loaded.classes) == (saved.kind, saved.config, saved.classes)
    assert loaded.versions == saved.versions and loaded.versions["torch"] == torch.__version__
    assert Card.from_dict(loaded.card) == Card(title="A model", seed=4)
    for name, tensor in net.state_dict().items():
        kept = tensor.half().float() if tensor.is_floating_point() else tensor
        assert torch.equal(loaded.weights[name], kept), name
        assert loaded.weights[name].dtype == tensor.dtype


def test_the_file_is_half_precision_without_pickle(tmp_path: Path) -> None:
    path = bundle(nn.Linear(300, 300)).save(tmp_path / "model.hepa")
    assert path.stat().st_size < 2 * 300 * 301 + 2000
    assert b"pickle" not in path.read_bytes()


def test_weights_that_share_memory_or_lie_across_it_are_saved(tmp_path: Path) -> None:
    weight = torch.arange(6.0).reshape(2, 3)
    path = bundle(weights={"a": weight.T, "b": weight, "c": weight[:, 1]}).save(tmp_path / "model.hepa")
    assert torch.equal(Bundle.load(path).weights["a"], weight.T)


@pytest.mark.parametrize("value", [1e6, float("nan"), float("inf")])
def test_weights_beyond_half_precision_are_refused(tmp_path: Path, value: float) -> None:
    with pytest.raises(BundleError, match="Weight 'w'"):
        bundle(weights={"w": torch.tensor([0.0, value])}).save(tmp_path / "model.hepa")
    assert list(tmp_path.iterdir()) == []


def test_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    path = bundle().save(tmp_path / "model.hepa")
    with pytest.raises(BundleError, match="for diagnosis, asked for one for organs"):
        Bundle.load(path, kind="organs")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (("hcc", "icc", "cyst"), "lacks icc"),
        (("hcc",), "has cyst besides"),
        (("cyst", "hcc"), "in another order"),
        (("hcc", "icc"), "lacks icc and has cyst besides"),
    ],
)
def test_another_class_table_is_refused_by_name(table: tuple[str, ...], message: str) -> None:
    with pytest.raises(BundleError, match=message):
        bundle().check_classes(table)
    bundle().check_classes(["hcc", "cyst"])


def test_weights_go_into_a_network_that_has_exactly_these(tmp_path: Path) -> None:
    source, target = network(), network()
    bundle(source).load_into(target)
    assert torch.equal(source[0].weight, target[0].weight)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (network(4), "other shapes for 0.bias"),
        (nn.Sequential(*network(), nn.Linear(3, 1)), "misses 2.bias, 2.weight"),
        (nn.Sequential(nn.Linear(2, 3)), "does not know 1.bias.* and 2 more"),
    ],
)
def test_another_network_is_refused_by_name(net: nn.Module, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        bundle().load_into(net)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.hepa"
    save_file({}, path, metadata={"hepaphase": json.dumps({"format": FORMAT + 1})})
    with pytest.raises(BundleError, match="Install a newer hepaphase"):
        Bundle.load(path)


def test_a_header_without_a_field_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.hepa"
    save_file({}, path, metadata={"hepaphase": json.dumps({"format": 1, "kind": "organs"})})
    with pytest.raises(BundleError, match="lacks 'config'"):
        Bundle.load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x00" * 64, b"not a bundle at all, but text"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.hepa"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"is not a \.hepa bundle"):
        Bundle.load(path)


def test_somebody_elses_safetensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.hepa"
    save_file({"w": torch.zeros(2)}, path)
    with pytest.raises(BundleError, match=r"is not a \.hepa bundle"):
        Bundle.load(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = bundle().save(tmp_path / "model.hepa")
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(BundleError, match=r"is not a \.hepa bundle"):
        Bundle.load(path)


def test_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle at"):
        Bundle.load(tmp_path / "model.hepa")


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"ends in \.hepa"):
        bundle().save(tmp_path / "model.pt")


def test_a_config_that_is_not_plain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="plain JSON"):
        bundle(config={"device": torch.device("cpu")}).save(tmp_path / "model.hepa")


def test_a_kind_that_does_not_ship_is_refused() -> None:
    with pytest.raises(BundleError, match="No smoke bundle ships"):
        shipped("smoke")


@pytest.mark.parametrize("kind", KINDS)
def test_a_shipped_bundle_is_of_its_kind_and_says_what_it_may_be_used_for(kind: str) -> None:
    loaded = Bundle.load(shipped(kind), kind=kind)
    card = Card.from_dict(loaded.card)
    assert card.permitted_use and card.training_data and loaded.weights
