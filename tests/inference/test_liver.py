"""What a reading is told beside the mask of the liver."""

import numpy as np
from tests.tiny_models import tiny_models

from hepaphase.inference.liver import HEART, find_liver
from hepaphase.study.geometry import Geometry
from hepaphase.study.phase import Phase, Provenance
from hepaphase.study.study import PhaseVolume, Study


def test_heart_that_was_taken_out_of_a_given_mask_is_near_but_no_news() -> None:
    grid = Geometry((30, 40, 44), (3.0, 3.0, 3.0), (5.0, -20.0, 30.0))
    liver, heart = np.zeros(grid.shape_zyx, np.uint8), np.zeros(grid.shape_zyx, np.uint8)
    liver[8:20, 8:32, 8:32], heart[20:26, 12:28, 12:28] = 1, 1
    volume = PhaseVolume(np.full(grid.shape_zyx, 60, np.float32), grid, Provenance.MEASURED)
    study = Study("one", {Phase.PVP: volume}, masks={"liver": (liver, grid), HEART: (heart, grid)})
    found = find_liver(study, Phase.PVP, tiny_models().organs)
    assert found.beside[19, 20, 20]
    assert not found.beside[17].any()
    assert not any("heart" in warning for warning in found.warnings)
