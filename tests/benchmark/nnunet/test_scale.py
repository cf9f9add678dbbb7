"""The plan at the scale of the tables."""

import numpy as np
import pytest

from hepaphase.base.errors import ConfigError, InputError
from hepaphase.benchmark.nnunet.scale import TABLE, TINY, Scale, fixed_plan
from hepaphase.recipes.table import CROP_ZYX, NUM_STEPS, recipe


def test_the_scale_is_that_of_the_other_rows() -> None:
    run = recipe()
    assert (TABLE.num_steps, TABLE.batch_size, TABLE.patch_zyx) == (run.num_steps, run.batch_size, CROP_ZYX)
    assert TABLE.num_epochs * TABLE.steps_per_epoch == NUM_STEPS
    for scale in (TABLE, TINY):
        smallest = np.array(scale.patch_zyx) / np.prod(scale.strides, axis=0)
        assert (smallest == smallest.astype(int)).all() and smallest.min() >= 4
    assert "features 8-16-32-64-80; patch 48x64x64; batch 2; 20 epochs of 50" in TABLE.changes


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="no whole number of epochs"):
        Scale(num_steps=120)
    with pytest.raises(ConfigError, match="give as many"):
        Scale(features=(8, 16))
    with pytest.raises(InputError, match="no 'architecture'"):
        fixed_plan({"configurations": {"3d_fullres": {}}}, TABLE, name="a")
