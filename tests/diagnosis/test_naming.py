from pathlib import Path

import numpy as np
import pytest
import torch

from hepaphase.base.errors import BundleError, ConfigError
from hepaphase.bundle.bundle import Bundle
from hepaphase.diagnosis.checking import network_of
from hepaphase.diagnosis.diagnose import Reader
from hepaphase.diagnosis.members import MembersConfig
from hepaphase.diagnosis.naming import Namer, as_inputs, namer_of, with_namer
from hepaphase.study.lesions import LESION_CLASSES

from .tiny import aligned, tiny_bundle

SMALL = MembersConfig(hidden=8, num_members=2)


def test_a_reader_keeps_its_namer_through_a_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    plain = tiny_bundle()
    whole = with_namer(plain, Namer(SMALL), card={})
    whole.save(tmp_path / "named.hepa")
    loaded = Bundle.load(tmp_path / "named.hepa", kind="diagnosis")
    namer = namer_of(loaded)
    assert namer is not None and namer.config == SMALL
    assert set(network_of(loaded).weights) == set(plain.weights)
    assert network_of(loaded).config.keys() == plain.config.keys()
    assert namer_of(plain) is None


def test_the_namer_names_and_the_voxels_mark() -> None:
    torch.manual_seed(1)
    plain, study = tiny_bundle(), aligned(shape=(16, 16, 16))
    namer = Namer(SMALL)
    for member in namer.members:
        torch.nn.init.zeros_(member[3].weight)
        torch.nn.init.zeros_(member[3].bias)
        torch.nn.init.constant_(member[3].bias[3:4], 8.0)
    before = Reader.from_bundle(plain).diagnose(study)
    after = Reader.from_bundle(with_namer(plain, namer, card={})).diagnose(study)
    assert before.lesions.any(), "the example must mark something"
    assert np.array_equal(before.lesions, after.lesions)
    for named in after.lesion_probabilities:
        assert max(named, key=named.__getitem__) == list(LESION_CLASSES)[3]
        assert sum(named.values()) == pytest.approx(1, abs=1e-5)


def test_weights_that_do_not_fit_are_refused_by_name() -> None:
    whole = with_namer(tiny_bundle(), Namer(SMALL), card={})
    broken = {name: value for name, value in whole.weights.items() if name != "namer.members.0.0.bias"}
    with pytest.raises(BundleError, match=r"members\.0\.0\.bias"):
        namer_of(Bundle(kind="diagnosis", config=whole.config, classes=whole.classes, weights=broken))


def test_what_the_voxels_are_sure_of_stays_finite() -> None:
    said = np.zeros((1, len(LESION_CLASSES)), np.float32)
    said[0, 0] = 1.0
    row = as_inputs(np.zeros((1, 3), np.float32), np.ones(4, bool), said)
    assert np.isfinite(row).all() and row[0, 7] > row[0, 8]


def test_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        MembersConfig(num_members=0)
