"""HU of organs and noise of the liver."""

import numpy as np
import pytest

from hepaphase.diagnosis.levels import LEVEL_NAMES, organ_levels
from hepaphase.study.phase import Phase


def test_levels_are_those_of_the_middle_of_organs():
    shape, rng = (12, 20, 24), np.random.default_rng(0)
    liver, aorta, lesions = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8), np.zeros(shape, np.uint16)
    liver[2:10, 3:15, 2:12], aorta[:, 8:13, 17:22], lesions[4:8, 6:11, 4:9] = 1, 1, 1
    hu = np.full(shape, -50.0, np.float32)
    hu[liver > 0], hu[aorta > 0], hu[lesions > 0] = 100.0, 160.0, 20.0
    hu += rng.normal(0, 6.0, shape).astype(np.float32)
    got = organ_levels({Phase.PVP: hu, Phase.NC: hu - 60}, {"liver": liver, "aorta": aorta}, lesions)
    assert set(got) == {f"{n}_{p}" for n in ("liver", "aorta", "noise") for p in ("NC", "PVP")}
    assert got["liver_PVP"] == pytest.approx(100, abs=2) and got["aorta_NC"] == pytest.approx(100, abs=4)
    assert got["noise_PVP"] == pytest.approx(6, abs=1) and set(got) < set(LEVEL_NAMES)


def test_what_is_not_there_is_absent():
    nothing = np.zeros((6, 6, 6), np.uint8)
    hu = {Phase.NC: np.zeros((6, 6, 6), np.float32)}
    assert organ_levels(hu, {"liver": nothing, "spleen": nothing}, nothing) == {}
