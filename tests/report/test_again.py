"""A volume is known again by its hash, which takes no second copy of it."""

import hashlib
import tracemalloc

import numpy as np

from hepaphase.report.again import volume_hash

from .cases import GRIDS


def test_hash_is_of_all_voxels_and_the_grid_without_a_copy() -> None:
    grid = GRIDS["axial thin"]
    hu = np.random.default_rng(0).normal(50, 20, grid.shape_zyx).astype(np.float32)
    whole = hashlib.sha256(hu.tobytes() + grid.affine_lps.tobytes()).hexdigest()
    assert volume_hash(hu, grid) == whole == volume_hash(np.asfortranarray(hu), grid)
    assert volume_hash(hu, GRIDS["oblique"]) != whole and volume_hash(hu[:, ::-1], grid) != whole
    tracemalloc.start()
    volume_hash(hu, grid)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < hu.nbytes / 10
