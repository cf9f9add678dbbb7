"""The models of a reading: a bundle that would not be used is refused, never ignored."""

from pathlib import Path

import pytest
import torch

from hepaphase.base.errors import BundleError, ConfigError
from hepaphase.bundle.bundle import Bundle, shipped
from hepaphase.inference.models import Models


def test_a_bundle_of_a_kind_that_no_reading_uses_is_refused(tmp_path: Path) -> None:
    path = Bundle(kind="galsce", config={}, weights={"a": torch.zeros(2)}).save(tmp_path / "model.hepa")
    with pytest.raises(BundleError, match="is a bundle for galsce; this command uses one for organs"):
        Models.load([path])


def test_two_of_a_kind_are_refused() -> None:
    with pytest.raises(ConfigError, match="Two bundles of kind 'organs'"):
        Models.load([shipped("organs")] * 2)
